"""The stream of a recipient's notifications, resumed by cursor: PostgreSQL is the truth, a wake-up only says "look".

Sequences are taken with a lock held to the commit, so reading "above this one, in order" passes nothing over.
"""

from collections.abc import AsyncGenerator
from dataclasses import dataclass

import structlog

from core.errors import ShardUnavailable
from models.reads.notifications import LAST_SEQUENCE, NOTIFICATIONS_ABOVE
from services.backend import Backend
from services.live import Live, user_channel
from services.notifications.cursors import cursor_of, sequence_of
from services.notifications.shown import NEWEST_ACTORS, ShownNotification, shown
from services.streams import Stream, foreign_cursor, wakes
from services.visible import MediaLinks

log = structlog.get_logger()
LOOK_SECONDS = 5.0
CHUNK = 20


@dataclass(slots=True, eq=False)
class NotificationArrival:
    """A notification that is new or has moved up; `cursor` is where the stream stands behind it."""

    cursor: str
    notification: ShownNotification
    unread_count: int


async def notification_stream(
    backend: Backend,
    live: Live,
    links: MediaLinks,
    recipient_id: int,
    after: str | None,
    *,
    look_seconds: float = LOOK_SECONDS,
) -> AsyncGenerator[NotificationArrival, None]:
    """What came after the cursor, in order, then what comes; without a cursor, what comes from now on. Never ends.

    Holds no connection while it waits. Where a node does not answer, it waits and goes on. Raises RequestFault
    (BAD_REQUEST), and ShardUnavailable at the very beginning.
    """
    position = await _begin(backend, recipient_id, after)
    async with live.subscribe(user_channel(recipient_id)) as woken:
        while True:
            try:
                arrivals, position_after = await _above(backend, links, recipient_id, position)
            except ShardUnavailable:
                log.warning("notification_stream_waits", recipient_id=recipient_id)
                arrivals, position_after = [], position
            for arrival in arrivals:
                yield arrival
            if position_after > position:
                position = position_after
                continue
            await wakes(woken, look_seconds)


async def _begin(backend: Backend, recipient_id: int, after: str | None) -> int:
    """The sequence to go on from. One that was never given out is refused: it would wait for ever."""
    rows = await backend.reader().on_shard_of(recipient_id, LAST_SEQUENCE, recipient_id)
    last = rows[0]["last_sequence"] if rows else 0
    if after is None:
        return int(last)
    position = sequence_of(recipient_id, after)
    if position > last:
        raise foreign_cursor(Stream.NOTIFICATIONS)
    return position


async def _above(
    backend: Backend, links: MediaLinks, recipient_id: int, position: int
) -> tuple[list[NotificationArrival], int]:
    """The next few, and the sequence behind all that was looked at.

    What cannot be shown is passed over; what perhaps could, if a node answered, is not: there it stops, to try again.
    Raises ShardUnavailable.
    """
    reader = backend.reader()
    rows = await reader.on_shard_of(recipient_id, NOTIFICATIONS_ABOVE, recipient_id, position, CHUNK, NEWEST_ACTORS)
    visible = await shown(reader, links, recipient_id, rows)
    arrivals = []
    for row in rows:
        notification = visible.get(row["id"])
        if notification is None and reader.unavailable:
            break
        position = row["sequence"]
        if notification is not None:
            arrivals.append(NotificationArrival(cursor_of(recipient_id, position), notification, row["unread_count"]))
    return arrivals, position
