"""Our own signature on the URLs of pictures: HMAC-SHA256, about a microsecond each.

An expiry lies on a boundary of `bucket_seconds`, so every URL of a bucket is the same and caches work; it is valid
for one to two buckets. The signature covers key, expiry and cache policy.
"""

import hashlib
import hmac
import re
from enum import StrEnum

from core import clock

PATH = "/media/"
_PURPOSE = b"heliograph media url 1"
_SIGNATURE_BYTES = 16


class CachePolicy(StrEnum):
    """Who may keep a picture: shared caches too, or the viewer's browser alone."""

    PUBLIC = "p"
    PRIVATE = "v"


class _Bucket:
    """What all URLs of one bucket share: HMAC's two halves, with everything but the key taken in."""

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
            self.prepared[policy] = (inner, outer, f"?e={expires}&c={policy.value}&s=")


class MediaSigner:
    """Signs and verifies paths of pictures. One per process; its methods may be called from any thread."""

    def __init__(self, secret: str, bucket_seconds: int) -> None:
        # A key of its own, so that what signs URLs says nothing about what signs tokens.
        self._secret = hmac.digest(secret.encode(), _PURPOSE, "sha256")
        self._bucket_seconds = bucket_seconds
        self._bucket = self._bucket_at(clock.timestamp())

    def sign(self, key: str, policy: CachePolicy = CachePolicy.PRIVATE) -> str:
        """`/media/KEY?e=EXPIRY&c=POLICY&s=SIGNATURE`. The key must be safe in a URL, as those of `keys` are."""
        bucket = self._bucket
        if not bucket.starts <= clock.timestamp() < bucket.starts + self._bucket_seconds:
            bucket = self._bucket = self._bucket_at(clock.timestamp())
        inner, outer, query = bucket.prepared[policy]
        inner = inner.copy()
        inner.update(key.encode())
        outer = outer.copy()
        outer.update(inner.digest())
        return f"{PATH}{key}{query}{outer.digest()[:_SIGNATURE_BYTES].hex()}"

    def verify(self, key: str, expires: str, policy: str, signature: str) -> CachePolicy | None:
        """The policy of a URL that we signed and that has not expired; None for any other."""
        if policy not in _POLICIES or not _EXPIRY.fullmatch(expires):
            return None
        expected = hmac.digest(self._secret, _prefix(int(expires), policy) + key.encode(), "sha256")
        matches = hmac.compare_digest(expected[:_SIGNATURE_BYTES].hex().encode(), signature.encode(errors="replace"))
        return CachePolicy(policy) if matches and clock.timestamp() < int(expires) else None

    def _bucket_at(self, timestamp: float) -> _Bucket:
        expires = (int(timestamp) // self._bucket_seconds + 2) * self._bucket_seconds
        return _Bucket(self._secret, expires, self._bucket_seconds)


_EXPIRY = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)
_POLICIES = frozenset(policy.value for policy in CachePolicy)


def _prefix(expires: int, policy: str) -> bytes:
    return f"{expires}\n{policy}\n".encode()
