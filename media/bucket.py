"""How the bucket itself is set: who may upload from where, encryption, and what expires without us.

Only unfinished uploads and exports expire by a rule. Originals and pictures never do: who deletes them is a sweep,
which knows whether somebody still needs them (the archive does, of stories that nobody sees any more).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from core.settings import S3Encryption
from media.s3 import UNSUPPORTED

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

OURS = "heliograph-"
"""What the names of our lifecycle rules begin with; those of others are left as they are."""
_NOT_SET = {
    "NoSuchLifecycleConfiguration",
    "NoSuchCORSConfiguration",
    "ServerSideEncryptionConfigurationNotFoundError",
}
_KEPT_FOR_EVER = ("originals/", "variants/")


class ColdClass(StrEnum):
    """Classes from which an object is read at once: a picture that is made anew needs its original."""

    STANDARD_IA = "STANDARD_IA"
    INTELLIGENT_TIERING = "INTELLIGENT_TIERING"
    GLACIER_IR = "GLACIER_IR"


@dataclass(frozen=True, slots=True)
class Wanted:
    """`origins` may upload from a browser. Originals move to `cold_class` when so old; None: never."""

    origins: Sequence[str]
    encryption: S3Encryption = S3Encryption.NONE
    unfinished_days: int = 2
    exports_days: int = 7
    cold_after_days: int | None = None
    cold_class: ColdClass = ColdClass.GLACIER_IR


@dataclass(frozen=True, slots=True)
class Line:
    """What is so of one side of the bucket, or was made so. `is_good` is False for what the storage does not support,
    and for what somebody else has set that endangers originals."""

    subject: str
    said: str
    is_good: bool = True


def cors_rules(origins: Sequence[str]) -> list[dict[str, Any]]:
    """A form is posted, parts are put, and a part's ETag has to be read to finish. Who may upload what is decided by
    what was signed."""
    return [
        {
            "AllowedMethods": ["POST", "PUT"],
            "AllowedOrigins": list(origins) or ["*"],
            "AllowedHeaders": ["*"],
            "ExposeHeaders": ["ETag"],
            "MaxAgeSeconds": 3600,
        }
    ]


def configure(client: "S3Client", bucket: str, wanted: Wanted) -> list[Line]:
    """May be done again. Raises ClientError."""
    rules = cors_rules(wanted.origins)
    cors = _attempt(
        lambda: client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": rules})  # type: ignore[typeddict-item]
    )
    lines = [Line("CORS", _cors_said(rules)) if cors else _unsupported("CORS")]
    lines.append(_encrypt(client, bucket, wanted.encryption))
    foreign = [rule for rule in _lifecycle(client, bucket) if not rule.get("ID", "").startswith(OURS)]
    ours = _expiring(wanted)
    cold = _cooling(wanted)
    if _put_lifecycle(client, bucket, foreign + ours + cold):
        lines += [Line("lifecycle", _rule_said(rule)) for rule in ours + cold]
    elif cold and _put_lifecycle(client, bucket, foreign + ours):
        lines += [Line("lifecycle", _rule_said(rule)) for rule in ours] + [_unsupported("colder storage")]
    else:
        lines.append(_unsupported("lifecycle"))
    return lines + [_foreign_line(rule) for rule in foreign]


def shown(client: "S3Client", bucket: str) -> list[Line]:
    """Raises ClientError."""
    rules = _asked(lambda: client.get_bucket_cors(Bucket=bucket), "CORSRules")
    lines = [Line("CORS", _cors_said(rules)) if rules else Line("CORS", "not set", is_good=False)]
    found = _asked(lambda: client.get_bucket_encryption(Bucket=bucket), "ServerSideEncryptionConfiguration")
    default = found and found["Rules"][0]["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"]
    lines.append(Line("encryption", default or "none by default"))
    lifecycle = _lifecycle(client, bucket)
    lines += [
        Line("lifecycle", _rule_said(rule)) if rule.get("ID", "").startswith(OURS) else _foreign_line(rule)
        for rule in lifecycle
    ]
    return lines if lifecycle else [*lines, Line("lifecycle", "nothing expires")]


def _encrypt(client: "S3Client", bucket: str, encryption: S3Encryption) -> Line:
    """Where none is asked for, what the bucket does by itself is left as it is."""
    if encryption is S3Encryption.NONE:
        return Line("encryption", "not asked for")
    rule: Any = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": encryption.value}}]}
    done = _attempt(lambda: client.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rule))
    return Line("encryption", encryption.value) if done else _unsupported("encryption")


def _expiring(wanted: Wanted) -> list[dict[str, Any]]:
    return [
        {
            "ID": f"{OURS}unfinished",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": wanted.unfinished_days},
        },
        {
            "ID": f"{OURS}exports",
            "Status": "Enabled",
            "Filter": {"Prefix": "exports/"},
            "Expiration": {"Days": wanted.exports_days},
        },
    ]


def _cooling(wanted: Wanted) -> list[dict[str, Any]]:
    if wanted.cold_after_days is None:
        return []
    transition = {"Days": wanted.cold_after_days, "StorageClass": wanted.cold_class.value}
    return [
        {
            "ID": f"{OURS}cold",
            "Status": "Enabled",
            "Filter": {"Prefix": "originals/"},
            "Transitions": [transition],
        }
    ]


def _put_lifecycle(client: "S3Client", bucket: str, rules: list[Any]) -> bool:
    return _attempt(
        lambda: client.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})
    )


def _lifecycle(client: "S3Client", bucket: str) -> list[Any]:
    return list(_asked(lambda: client.get_bucket_lifecycle_configuration(Bucket=bucket), "Rules") or [])


def _attempt(work: Callable[[], object]) -> bool:
    """Whether the storage can do it at all."""
    try:
        work()
    except ClientError as error:
        if error.response["Error"]["Code"] in UNSUPPORTED:
            return False
        raise
    return True


def _asked(work: Callable[[], Mapping[str, Any]], name: str) -> Any:
    """None where it is not set, or the storage does not know of it."""
    try:
        return work()[name]
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_SET | UNSUPPORTED:
            return None
        raise


def _unsupported(subject: str) -> Line:
    return Line(subject, "this storage does not support it", is_good=False)


def _cors_said(rules: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{', '.join(rule['AllowedMethods'])} from {', '.join(rule['AllowedOrigins'])}" for rule in rules)


def _prefix_of(rule: Mapping[str, Any]) -> str:
    found = rule.get("Filter", {})
    return str(found.get("Prefix", found.get("And", {}).get("Prefix", rule.get("Prefix", ""))))


def _effects(rule: Mapping[str, Any]) -> Iterator[str]:
    if "AbortIncompleteMultipartUpload" in rule:
        yield f"unfinished uploads go after {rule['AbortIncompleteMultipartUpload']['DaysAfterInitiation']} days"
    if "Expiration" in rule:
        yield f"expires after {rule['Expiration'].get('Days', '?')} days"
    for one in rule.get("Transitions", ()):
        yield f"moves to {one['StorageClass']} after {one.get('Days', '?')} days"


def _rule_said(rule: Mapping[str, Any]) -> str:
    return f"{_prefix_of(rule) or 'everything'}: {', '.join(_effects(rule)) or 'nothing that concerns us'}"


def _foreign_line(rule: Mapping[str, Any]) -> Line:
    prefix = _prefix_of(rule)
    touched = any(kept.startswith(prefix) or prefix.startswith(kept) for kept in _KEPT_FOR_EVER)
    is_bad = "Expiration" in rule and touched and rule["Status"] == "Enabled"
    warning = " — it deletes what is still needed: remove it" if is_bad else ""
    return Line("lifecycle", f"{_rule_said(rule)} (somebody else's rule {rule.get('ID', '')}{warning})", not is_bad)
