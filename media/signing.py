"""Our own signature on the URLs of pictures: HMAC-SHA256, about a microsecond each.

An expiry lies on a boundary of `bucket_seconds`, so every URL of a bucket is the same and caches work; it is valid
for one to two buckets. The signature covers expiry, policy, owner and epoch, and the key.

A film is many files that name each other by relative URLs, so it is signed as a whole: its signature stands in the
path, before the names, and covers the token in place of a key.
"""

import hashlib
import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from enum import StrEnum

from core import clock

PATH = "/media/"
STREAM = "stream/"
"""What the paths of films begin with, behind `PATH`."""
_PURPOSE = b"heliograph media url 2"
_SIGNATURE_BYTES = 16


class CachePolicy(StrEnum):
    """Who may keep what is shown, and for how long (`media.caching`): shared caches too, or the viewer's browser alone.

    AVATAR outlives its owner's going private.
    """

    PUBLIC = "p"
    PRIVATE = "v"
    AVATAR = "a"
    STORY = "s"


@dataclass(slots=True)
class Grant:
    """What a URL is given out for: a picture of this owner, for as long as nothing of this epoch is withdrawn.

    `mark` is owner and epoch as the URL has them.
    """

    owner_id: int
    epoch: int
    policy: CachePolicy
    mark: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        self.mark = f"{urlsafe_b64encode(self.owner_id.to_bytes(8, 'big'))[:11].decode()}.{self.epoch}"


class _Bucket:
    """What all URLs of one bucket share: HMAC's two halves, with everything taken in that is the same for all."""

    __slots__ = ("expires", "prepared", "starts")

    def __init__(self, secret: bytes, expires: int, bucket_seconds: int) -> None:
        self.expires = expires
        self.starts = expires - 2 * bucket_seconds
        self.prepared = {}
        block = secret.ljust(64, b"\0")
        outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in block))
        for policy in CachePolicy:
            inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block))
            inner.update(_prefix(expires, policy))
            self.prepared[policy] = (inner, outer, f"&e={expires}&c={policy.value}&s=")

    def signature(self, key: str, grant: Grant) -> str:
        inner, outer, _ = self.prepared[grant.policy]
        inner = inner.copy()
        inner.update(f"{grant.mark}\n{key}".encode())
        outer = outer.copy()
        outer.update(inner.digest())
        return outer.digest()[:_SIGNATURE_BYTES].hex()


class MediaSigner:
    """Signs and verifies paths of pictures. One per process; its methods may be called from any thread."""

    def __init__(self, secret: str, bucket_seconds: int) -> None:
        # A key of its own, so that what signs URLs says nothing about what signs tokens.
        self._secret = hmac.digest(secret.encode(), _PURPOSE, "sha256")
        self._bucket_seconds = bucket_seconds
        self._bucket = self._bucket_at(clock.timestamp())

    def sign(self, key: str, grant: Grant) -> str:
        """`/media/KEY?o=OWNER.EPOCH&e=EXPIRY&c=POLICY&s=SIGNATURE`. The key must be safe in a URL, as those of `keys`
        are."""
        bucket = self._present()
        query = bucket.prepared[grant.policy][2]
        return f"{PATH}{key}?o={grant.mark}{query}{bucket.signature(key, grant)}"

    def sign_stream(self, token: str, name: str, grant: Grant) -> str:
        """`/media/stream/OWNER.EPOCH/EXPIRY/POLICY/SIGNATURE/TOKEN/NAME`: good for every name behind this token, so
        that what a playlist names relatively is signed too."""
        bucket = self._present()
        signature = bucket.signature(STREAM + token, grant)
        return f"{PATH}{STREAM}{grant.mark}/{bucket.expires}/{grant.policy.value}/{signature}/{token}/{name}"

    def verify_stream(self, token: str, mark: str, expires: str, policy: str, signature: str) -> Grant | None:
        """As `verify`, of what stands in the path of a stream."""
        return self.verify(STREAM + token, mark, expires, policy, signature)

    def verify(self, key: str, mark: str, expires: str, policy: str, signature: str) -> Grant | None:
        """What a URL was given out for that we signed and that has not expired; None for any other."""
        if policy not in _POLICIES or not _EXPIRY.fullmatch(expires) or not _MARK.fullmatch(mark):
            return None
        message = _prefix(int(expires), policy) + f"{mark}\n{key}".encode()
        expected = hmac.digest(self._secret, message, "sha256")[:_SIGNATURE_BYTES].hex().encode()
        if not hmac.compare_digest(expected, signature.encode(errors="replace")) or clock.timestamp() >= int(expires):
            return None
        owner, _, epoch = mark.partition(".")
        return Grant(int.from_bytes(urlsafe_b64decode(owner + "="), "big"), int(epoch), CachePolicy(policy))

    def _present(self) -> _Bucket:
        bucket = self._bucket
        if not bucket.starts <= clock.timestamp() < bucket.starts + self._bucket_seconds:
            bucket = self._bucket = self._bucket_at(clock.timestamp())
        return bucket

    def _bucket_at(self, timestamp: float) -> _Bucket:
        expires = (int(timestamp) // self._bucket_seconds + 2) * self._bucket_seconds
        return _Bucket(self._secret, expires, self._bucket_seconds)


_EXPIRY = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_MARK = re.compile(r"[A-Za-z0-9_-]{11}\.(?:0|[1-9][0-9]{0,18})", re.ASCII)
_POLICIES = frozenset(policy.value for policy in CachePolicy)


def _prefix(expires: int, policy: str) -> bytes:
    return f"{expires}\n{policy}\n".encode()
