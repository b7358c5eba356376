"""boto3 as we use it: its clients, and its errors in our words."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

from core.settings import Settings
from media.errors import (
    MultipartGone,
    ObjectChanged,
    ObjectMissing,
    ObjectUnchanged,
    PartsRefused,
    RangeNotSatisfiable,
    StorageUnavailable,
)

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECTIONS = 64
UNSUPPORTED = {"NotImplemented", "XNotImplemented", "MethodNotAllowed", "InvalidStorageClass", "501", "405"}
"""Codes with which storages say that they cannot do something at all."""
_MISSING = {"404", "NoSuchKey", "NotFound"}
_KNOWN: dict[str, type[Exception]] = {
    "304": ObjectUnchanged,
    "412": ObjectChanged,
    "PreconditionFailed": ObjectChanged,
    "416": RangeNotSatisfiable,
    "InvalidRange": RangeNotSatisfiable,
    "NoSuchUpload": MultipartGone,
    "InvalidPart": PartsRefused,
    "InvalidPartOrder": PartsRefused,
    "EntityTooSmall": PartsRefused,
}


def make_client(settings: Settings, endpoint: str) -> "S3Client":
    config = Config(
        signature_version="s3v4",
        s3={"addressing_style": "path"},
        max_pool_connections=CONNECTIONS,
        connect_timeout=3,
        read_timeout=15,
        retries={"mode": "standard", "total_max_attempts": 3},
        # Checksums in trailers are understood by few storages but Amazon's own.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return boto3.session.Session().client(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id=settings.s3_access_key,
        aws_secret_access_key=settings.s3_secret_key.get_secret_value(),
        region_name=settings.s3_region,
        config=config,
    )


@contextmanager
def translated(key: str = "") -> Iterator[None]:
    """Raise what boto3 raises inside as one of `media.errors`."""
    try:
        yield
    except ClientError as error:
        raise _translate(error, key) from error
    except (BotoCoreError, HTTPClientError, OSError) as error:
        raise StorageUnavailable(str(error)) from error


def _translate(error: ClientError, key: str) -> Exception:
    code = str(error.response.get("Error", {}).get("Code", ""))
    if code in _MISSING and key:  # else it is the bucket that is missing
        return ObjectMissing(key)
    known = _KNOWN.get(code)
    return known(key) if known else StorageUnavailable(str(error))
