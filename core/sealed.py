"""Short bytes that a client keeps for us: it can neither read nor make them.

A synthetic IV (SIV, after RFC 5297) of two keyed BLAKE2b: the code over the bytes is also what the pad is made of, so
the same bytes are always sealed alike, and one changed bit opens nothing.
"""

import hmac
import secrets
from base64 import b64decode, urlsafe_b64encode
from hashlib import blake2b

MOST_BYTES = 64
_CODE_BYTES = 16
_PURPOSE = b"heliograph cursors 1"


class Seal:
    """With the same secret it opens what another process has sealed."""

    __slots__ = ("_code", "_pad")

    def __init__(self, secret: str) -> None:
        # A key of its own, so that what is sealed says nothing about what signs tokens.
        key = hmac.digest(secret.encode(), _PURPOSE, "sha256")
        self._code = blake2b(key=key, digest_size=_CODE_BYTES, person=b"code")
        self._pad = blake2b(key=key, digest_size=MOST_BYTES, person=b"pad")

    def close(self, raw: bytes) -> str:
        """Of 64 bytes at most, as text that is safe in a URL."""
        code = self._code.copy()
        code.update(raw)
        told = code.digest()
        return urlsafe_b64encode(told + self._padded(told, raw)).decode("ascii").rstrip("=")

    def open(self, text: str) -> bytes:
        """Raises ValueError for what was not sealed with this secret."""
        both = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        told, padded = both[:_CODE_BYTES], both[_CODE_BYTES:]
        if len(padded) > MOST_BYTES:
            raise ValueError("longer than anything sealed")
        raw = self._padded(told, padded)
        if not hmac.compare_digest(self.close(raw), text):
            raise ValueError("not sealed with this secret")
        return raw

    def _padded(self, told: bytes, raw: bytes) -> bytes:
        pad = self._pad.copy()
        pad.update(told)
        size = len(raw)
        mixed = int.from_bytes(raw, "big") ^ int.from_bytes(pad.digest()[:size], "big")
        return mixed.to_bytes(size, "big")


_present: list[Seal] = [Seal(secrets.token_hex(16))]


def seal_with(secret: str) -> None:
    """The process's seal from now on: each process is given the same secret when it begins. Without one it opens only
    what it has sealed itself."""
    _present[0] = Seal(secret)


def sealed(raw: bytes) -> str:
    """With the process's seal."""
    return _present[0].close(raw)


def unsealed(text: str) -> bytes:
    """Raises ValueError for what the process's seal did not close."""
    return _present[0].open(text)
