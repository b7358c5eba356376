"""Object storage (S3) for the event loop: boto3 in threads of its own.

Every method raises StorageUnavailable where the storage does not answer or refuses us.
"""

import asyncio
import io
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import ClientError

from core import clock
from core.settings import S3Encryption, Settings
from media.bucket import cors_rules
from media.errors import ObjectTooLarge, StorageUnavailable
from media.multiparts import Multiparts
from media.s3 import CONNECTIONS, make_client, translated
from media.streams import CHUNK, Listed, ObjectInfo, ObjectStream, read_chunk, read_info

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_T = TypeVar("_T")
_THREADS = 16
_DELETED_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class PresignedPost:
    """A form for one upload: POST it to `url` as multipart/form-data, `fields` first, then `file`."""

    url: str
    fields: dict[str, str]
    expires_at: datetime


class ObjectStorage:
    """One bucket. One per process; `close` it at the end."""

    def __init__(self, settings: Settings) -> None:
        self._bucket = settings.s3_bucket
        self._upload_seconds = settings.upload_seconds
        self._origins = settings.upload_origins
        self._encryption = settings.s3_encryption
        self._client = make_client(settings, settings.s3_endpoint)
        public = settings.s3_public_endpoint or settings.s3_endpoint
        self._public = self._client if public == settings.s3_endpoint else make_client(settings, public)
        self._threads = ThreadPoolExecutor(min(_THREADS, CONNECTIONS), thread_name_prefix="s3")
        self.multiparts = Multiparts(self._client, self._public, self._bucket, self._run, self.encrypting)

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()
        self._public.close()

    @property
    def encrypting(self) -> dict[str, Any]:
        """What every request that makes an object says of encryption at rest."""
        return {} if self._encryption is S3Encryption.NONE else {"ServerSideEncryption": self._encryption.value}

    async def ensure_bucket(self) -> None:
        """Make the bucket, private, where it is missing; where it has no CORS rules, let the origins of the settings
        upload to it."""
        await self._run(self._ensure_bucket)

    async def administer(self, work: Callable[["S3Client", str], _T]) -> _T:
        """What is to be done to the bucket itself: `work` is given boto3's client and the bucket's name."""
        return await self._run(lambda: work(self._client, self._bucket))

    async def check(self) -> None:
        """Raise StorageUnavailable unless the bucket is there and is ours."""
        await self._run(lambda: self._client.head_bucket(Bucket=self._bucket))

    def presign_post(self, key: str, content_type: str, size: int, *, seconds: int | None = None) -> PresignedPost:
        """A form that uploads exactly `size` bytes of this type under this key, once or more until it expires.

        It is valid for `seconds`, or for as long as the settings say. Computed here, without asking the storage.
        """
        valid = self._upload_seconds if seconds is None else seconds
        expires_at = clock.now() + timedelta(seconds=valid)
        fields = {"Content-Type": content_type}
        if self._encryption is not S3Encryption.NONE:
            fields["x-amz-server-side-encryption"] = self._encryption.value
        form = self._public.generate_presigned_post(
            self._bucket,
            key,
            Fields=dict(fields),
            Conditions=[*({name: value} for name, value in fields.items()), ["content-length-range", size, size]],
            ExpiresIn=valid,
        )
        return PresignedPost(form["url"], form["fields"], expires_at)

    async def head(self, key: str) -> ObjectInfo:
        """Raises ObjectMissing."""
        return await self._run(lambda: read_info(self._client.head_object(Bucket=self._bucket, Key=key)), key)

    async def download(self, key: str, target: Path, max_bytes: int, etag: str | None = None) -> int:
        """Write the object to `target`; the number of its bytes.

        Raises ObjectMissing, ObjectTooLarge, and ObjectChanged where it is not the one with this ETag any more.
        """
        return await self._run(lambda: self._download(key, target, max_bytes, etag), key)

    async def put(self, key: str, body: bytes | Path, content_type: str) -> None:
        """Its type and disposition are kept with it. Who may keep it how long is not: that depends on who asks, and is
        said by the gateway."""
        await self._run(lambda: self._put(key, body, content_type), key)

    async def open(
        self, key: str, *, byte_range: str | None = None, if_none_match: str | None = None, etag: str | None = None
    ) -> ObjectStream:
        """The object, or the part of it that a Range header names, to be read chunk by chunk and closed.

        ETags as headers write them, in quotes. Raises ObjectMissing, RangeNotSatisfiable, ObjectUnchanged where
        the object has the ETag `if_none_match`, and ObjectChanged where it has not the ETag `etag`.
        """
        asked: dict[str, Any] = {"Range": byte_range, "IfNoneMatch": if_none_match, "IfMatch": etag}
        present = {name: value for name, value in asked.items() if value is not None}
        return await self._run(lambda: self._open(key, present), key)

    async def delete(self, keys: Sequence[str]) -> None:
        """Delete these objects; one that is not there counts as deleted."""
        for start in range(0, len(keys), _DELETED_AT_ONCE):
            some = keys[start : start + _DELETED_AT_ONCE]
            await self._run(partial(self._delete, some))

    async def page(self, prefix: str, after: str = "", most: int = 1000) -> list[Listed]:
        """The objects whose keys begin with `prefix`, in the order of their keys: those behind `after`, 1000 at most.
        Fewer than `most` are the last."""
        return await self._run(lambda: self._page(prefix, after, most))

    async def _run(self, work: Callable[[], _T], key: str = "") -> _T:
        def translating() -> _T:
            with translated(key):
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, translating)

    def _ensure_bucket(self) -> None:
        try:
            self._client.head_bucket(Bucket=self._bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "404":
                raise
            self._create_bucket()
        try:
            self._client.get_bucket_cors(Bucket=self._bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchCORSConfiguration":
                raise
            self._allow_uploads()

    def _create_bucket(self) -> None:
        placed: dict[str, Any] = {}
        if self._client.meta.region_name != "us-east-1":  # which S3 wants left out
            placed["CreateBucketConfiguration"] = {"LocationConstraint": self._client.meta.region_name}
        with suppress(self._client.exceptions.BucketAlreadyOwnedByYou):  # another process was faster
            self._client.create_bucket(Bucket=self._bucket, **placed)

    def _allow_uploads(self) -> None:
        rules: Any = cors_rules(self._origins)
        self._client.put_bucket_cors(Bucket=self._bucket, CORSConfiguration={"CORSRules": rules})

    def _download(self, key: str, target: Path, max_bytes: int, etag: str | None) -> int:
        matching: dict[str, Any] = {} if etag is None else {"IfMatch": f'"{etag}"'}
        answer = self._client.get_object(Bucket=self._bucket, Key=key, **matching)
        with closing(answer["Body"]) as body:
            if answer["ContentLength"] > max_bytes:
                raise ObjectTooLarge(f"{key}: {answer['ContentLength']} bytes, at most {max_bytes}")
            with target.open("wb") as file:
                shutil.copyfileobj(body, file, CHUNK)
        if target.stat().st_size != answer["ContentLength"]:
            raise StorageUnavailable(f"{key} ended early")
        return answer["ContentLength"]

    def _put(self, key: str, body: bytes | Path, content_type: str) -> None:
        with body.open("rb") if isinstance(body, Path) else io.BytesIO(body) as file:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=file,
                ContentType=content_type,
                ContentDisposition="inline",
                **self.encrypting,
            )

    def _open(self, key: str, conditions: dict[str, Any]) -> ObjectStream:
        answer = self._client.get_object(Bucket=self._bucket, Key=key, **conditions)
        return ObjectStream(answer, read_chunk(answer["Body"]) if answer["ContentLength"] else b"", self._threads)

    def _page(self, prefix: str, after: str, most: int) -> list[Listed]:
        answer = self._client.list_objects_v2(Bucket=self._bucket, Prefix=prefix, StartAfter=after, MaxKeys=most)
        return [Listed(one["Key"], one["LastModified"], one["Size"]) for one in answer.get("Contents", ())]

    def _delete(self, keys: Sequence[str]) -> None:
        answer = self._client.delete_objects(
            Bucket=self._bucket, Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True}
        )
        if errors := answer.get("Errors"):
            raise StorageUnavailable(f"not deleted: {errors[:3]}")
