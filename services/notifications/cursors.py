"""Where one stands in a recipient's notifications: the same cursor serves the list and the stream."""

from core.errors import RequestErrorCode, RequestFault
from models.global_ids import NodeKind
from services.pages import decode_cursor, encode_cursor


def cursor_of(recipient_id: int, sequence: int) -> str:
    return encode_cursor(NodeKind.NOTIFICATION, recipient_id, sequence)


def sequence_of(recipient_id: int, cursor: str) -> int:
    """Raises RequestFault (BAD_REQUEST) for what is no cursor of this recipient's notifications."""
    kind, recipient, sequence = decode_cursor(cursor, 3)
    if (kind, recipient) != (NodeKind.NOTIFICATION, recipient_id) or sequence < 0:
        raise foreign_cursor()
    return sequence


def foreign_cursor() -> RequestFault:
    return RequestFault(RequestErrorCode.BAD_REQUEST, "`after` is not a cursor of your notifications.")
