"""Names of objects in storage. Nobody guesses one: each holds 128 random bits.

A *rendition* is the set of files made of one original at one time. All its keys share its token, so withdrawing
a picture is one entry, and a picture made anew has new URLs.
"""

import re
import secrets

from media.pictures import ImageFormat

_SERVED = re.compile(r"variants/([A-Za-z0-9_-]{22})/([a-z0-9][a-z0-9_.-]{0,39})", re.ASCII)
_TYPES = {
    "jpg": "image/jpeg",
    "webp": "image/webp",
    "avif": "image/avif",
    "m3u8": "application/vnd.apple.mpegurl",
    "mp4": "video/mp4",
    "m4s": "video/iso.segment",
}


def new_token() -> str:
    """22 characters, safe in a URL."""
    return secrets.token_urlsafe(16)


def original_key(token: str) -> str:
    """Where a client uploads to. Never served."""
    return f"originals/{token}"


def served_key(rendition: str, name: str) -> str:
    return f"variants/{rendition}/{name}"


def variant_key(rendition: str, width: int, image_format: ImageFormat, *, is_square: bool = False) -> str:
    return served_key(rendition, variant_name(width, image_format, is_square=is_square))


def variant_name(width: int, image_format: ImageFormat, *, is_square: bool = False) -> str:
    """`640.webp`; `150s.webp` for a square one."""
    return f"{width}{'s' if is_square else ''}.{image_format.extension}"


def rendition_of(key: str) -> str | None:
    """The rendition that a served key belongs to; None for whatever is not to be served."""
    found = _SERVED.fullmatch(key)
    return found[1] if found else None


def split_key(key: str) -> tuple[str, str] | None:
    """Token and name of a served key; None for whatever is not to be served."""
    found = _SERVED.fullmatch(key)
    return (found[1], found[2]) if found else None


def content_type_of(name: str) -> str:
    """With which type a file of a rendition is stored, by the end of its name. Raises LookupError for any other."""
    return _TYPES[name.rpartition(".")[2]]
