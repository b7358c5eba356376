"""Where one stands in a recipient's notifications: the same cursor serves the list and the stream."""

from services.streams import Stream, cursor_in, position_in


def cursor_of(recipient_id: int, sequence: int) -> str:
    return cursor_in(Stream.NOTIFICATIONS, recipient_id, sequence)


def sequence_of(recipient_id: int, cursor: str) -> int:
    """Raises RequestFault (BAD_REQUEST) for what is no cursor of this recipient's notifications."""
    return position_in(Stream.NOTIFICATIONS, recipient_id, cursor)
