"""A recipient's notifications, newest first."""

from models.ids import MAX_ID
from models.reads.notifications import NOTIFICATIONS_BELOW, UNREAD_COUNT
from models.reads.reader import Reader
from services.notifications.cursors import cursor_of, sequence_of
from services.notifications.shown import NEWEST_ACTORS, ShownNotification, shown
from services.pages import Page, checked_first, page_of
from services.visible import MediaLinks

MAX_ROUNDS = 3


async def notifications_page(
    reader: Reader, links: MediaLinks, recipient_id: int, first: int, after: str | None
) -> Page[ShownNotification]:
    """What may not be shown is left out and made good by older ones, in a bounded number of rounds: a page that is
    still short then says that there is more, and `end_cursor` stands behind all that was looked at.

    Raises RequestFault (LIMIT_EXCEEDED, BAD_REQUEST), ShardUnavailable.
    """
    wanted = checked_first(first)
    position = MAX_ID if after is None else sequence_of(recipient_id, after)
    found: list[ShownNotification] = []
    has_more = True
    for _ in range(MAX_ROUNDS):
        rows = await reader.on_shard_of(
            recipient_id, NOTIFICATIONS_BELOW, recipient_id, position, wanted + 1, NEWEST_ACTORS
        )
        visible = await shown(reader, links, recipient_id, rows)
        found += [visible[row["id"]] for row in rows if row["id"] in visible]
        has_more = len(found) > wanted or len(rows) > wanted
        if not has_more or len(found) > wanted:
            break
        position = rows[-1]["sequence"]
    page = page_of(found, wanted, lambda one: cursor_of(recipient_id, one.sequence), after=after, has_more=has_more)
    if has_more and len(found) <= wanted:
        page.page_info.end_cursor = cursor_of(recipient_id, position)
    return page


async def unread_count(reader: Reader, recipient_id: int) -> int:
    """How many the recipient was told of and has not read. Raises ShardUnavailable."""
    [row] = await reader.on_shard_of(recipient_id, UNREAD_COUNT, recipient_id)
    return int(row["unread"])
