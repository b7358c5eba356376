"""What a client holds of a session: an access token for each request, and a refresh token to get the next two.

An access token is a JWT; it is worth nothing without its session's row. A refresh token carries the session, its
generation, 256 random bits, and our signature over these: so that a token that was used already can be told from
one that somebody made up, without any used one being kept.
"""

import base64
import binascii
import hashlib
import hmac
import secrets
import struct
from dataclasses import dataclass
from datetime import datetime

import jwt

from core import clock
from core.settings import Settings
from models.ids import MAX_ID

_ALGORITHM = "HS256"
_ACCESS_PURPOSE = b"heliograph access token 1"
_REFRESH_PURPOSE = b"heliograph refresh token 1"
_REFRESH = struct.Struct(">QQ32s16s")
_SIGNED = _REFRESH.size - 16
LONGEST_TOKEN = 1000


class BadToken(Exception):
    """Not a token of ours, or one whose time is over."""


@dataclass(frozen=True, slots=True)
class AccessToken:
    user_id: int
    session_id: int


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """`text` is what the client holds; of it only the hash is stored."""

    session_id: int
    generation: int
    text: str

    @property
    def hash(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()


def _key(settings: Settings, purpose: bytes) -> bytes:
    return hmac.digest(settings.secret_key.get_secret_value().encode(), purpose, "sha256")


def make_access_token(settings: Settings, user_id: int, session_id: int) -> tuple[str, datetime]:
    """The token, and when it ends."""
    now = clock.now_ms() // 1000
    expires = now + settings.access_token_seconds
    claims = {"sub": str(user_id), "sid": str(session_id), "iat": now, "exp": expires}
    return jwt.encode(claims, _key(settings, _ACCESS_PURPOSE), _ALGORITHM), clock.from_ms(expires * 1000)


def read_access_token(settings: Settings, text: str) -> AccessToken:
    """Raises BadToken. Whether the session lives is another question."""
    if len(text) > LONGEST_TOKEN:
        raise BadToken
    try:
        claims = jwt.decode(
            text,
            _key(settings, _ACCESS_PURPOSE),
            [_ALGORITHM],
            # The library would ask the system for the time.
            options={"verify_exp": False, "verify_iat": False, "require": ["sub", "sid", "exp"]},
        )
        token, expires = AccessToken(int(claims["sub"]), int(claims["sid"])), int(claims["exp"])
    except (jwt.InvalidTokenError, ValueError, TypeError) as fault:
        raise BadToken from fault
    if expires <= clock.timestamp() or not (0 < token.user_id <= MAX_ID and 0 < token.session_id <= MAX_ID):
        raise BadToken
    return token


def make_refresh_token(settings: Settings, session_id: int, generation: int) -> RefreshToken:
    unsigned = _REFRESH.pack(session_id, generation, secrets.token_bytes(32), b"")[:_SIGNED]
    text = base64.urlsafe_b64encode(unsigned + _signature(settings, unsigned)).decode("ascii").rstrip("=")
    return RefreshToken(session_id, generation, text)


def read_refresh_token(settings: Settings, text: str) -> RefreshToken:
    """Raises BadToken for what we did not make."""
    if len(text) > LONGEST_TOKEN or not text.isascii():
        raise BadToken
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        session_id, generation, _, signature = _REFRESH.unpack(raw)
    except (binascii.Error, struct.error) as fault:
        raise BadToken from fault
    if not hmac.compare_digest(signature, _signature(settings, raw[:_SIGNED])):
        raise BadToken
    return RefreshToken(session_id, generation, text)


def _signature(settings: Settings, unsigned: bytes) -> bytes:
    return hmac.digest(_key(settings, _REFRESH_PURPOSE), unsigned, "sha256")[:16]
