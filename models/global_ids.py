"""The ids that clients see: base64url of one byte of kind and eight of number, opaque to them."""

import base64
import struct
from enum import IntEnum

from core.errors import RequestErrorCode, RequestFault
from models.ids import MAX_ID

_LAYOUT = struct.Struct(">BQ")
_ENCODED_LENGTH = 12


class NodeKind(IntEnum):
    """Numbers are in ids that clients keep: never reuse one."""

    USER = 1
    POST = 2
    COMMENT = 3
    IMAGE = 4
    VIDEO = 5
    UPLOAD = 6
    SESSION = 7
    NOTIFICATION = 8
    COLLECTION = 9
    HASHTAG = 10
    PLACE = 11
    REPORT = 12


def encode(kind: int, number: int) -> str:
    return base64.urlsafe_b64encode(_LAYOUT.pack(kind, number)).decode("ascii")


def bad_id() -> RequestFault:
    return RequestFault(RequestErrorCode.BAD_ID, "This is not an id that this server gives out.")


def decode(global_id: str) -> tuple[NodeKind, int]:
    """Raises RequestFault (BAD_ID) for anything that `encode` does not make."""
    # The library also takes the other alphabet of base64, so that one thing would have several ids.
    if len(global_id) != _ENCODED_LENGTH or "+" in global_id or "/" in global_id:
        raise bad_id()
    try:
        kind, number = _LAYOUT.unpack(base64.b64decode(global_id, altchars=b"-_", validate=True))
        if number > MAX_ID:
            raise bad_id()
        return NodeKind(kind), number
    except (ValueError, struct.error) as fault:
        raise bad_id() from fault


def decode_as(kind: NodeKind, global_id: str) -> int | None:
    """The number, or None for an id of another kind: such a thing is not there. Raises as `decode`."""
    found, number = decode(global_id)
    return number if found is kind else None


def encode_shortcode(number: int) -> str:
    """A post's id in base64url, as it stands in links."""
    return base64.urlsafe_b64encode(number.to_bytes(8, "big")).decode("ascii").rstrip("=")


def decode_shortcode(shortcode: str) -> int | None:
    """None for what is no shortcode."""
    if len(shortcode) != 11 or not shortcode.isascii():
        return None
    try:
        number = int.from_bytes(base64.b64decode(shortcode + "=", altchars=b"-_", validate=True), "big")
    except ValueError:
        return None
    return number if number <= MAX_ID and encode_shortcode(number) == shortcode else None
