"""Short bytes that a client keeps for us: it can neither read nor make them.

AES-SIV (RFC 5297), by the library cryptography: the same bytes are always sealed alike, and one changed bit opens
nothing.
"""

import hmac
import secrets
from base64 import b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

MOST_BYTES = 64
_LONGEST = (16 + MOST_BYTES) * 4 // 3 + 4
_PURPOSE = b"heliograph cursors 1"


class Seal:
    """With the same secret it opens what another process has sealed."""

    __slots__ = ("_cipher",)

    def __init__(self, secret: str) -> None:
        # A key of its own, so that what is sealed says nothing about what signs tokens.
        self._cipher = AESSIV(hmac.digest(secret.encode(), _PURPOSE, "sha256"))

    def close(self, raw: bytes) -> str:
        """Of 1 to 64 bytes, as text that is safe in a URL."""
        return urlsafe_b64encode(self._cipher.encrypt(raw, None)).decode("ascii").rstrip("=")

    def open(self, text: str) -> bytes:
        """Raises ValueError for what was not sealed with this secret."""
        if len(text) > _LONGEST:
            raise ValueError("longer than anything sealed")
        both = b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        try:
            raw: bytes = self._cipher.decrypt(both, None)
        except InvalidTag as fault:
            raise ValueError("not sealed with this secret") from fault
        # The library also takes the other alphabet, and bits behind the last byte: one thing would have several texts.
        if not hmac.compare_digest(self.close(raw), text):
            raise ValueError("not sealed with this secret")
        return raw


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
