"""Pages of a feed that is a snapshot and nothing below it."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from core import clock
from core.errors import RequestErrorCode, RequestFault
from models.reads.reader import Reader
from models.tables import SnapshotFeed
from services.backend import Backend
from services.feeds.home import FeedEdge
from services.feeds.ranking.making import FRESH, fingerprint_of
from services.feeds.snapshots import Item, keep_snapshot, latest_snapshot, walk
from services.pages import Page, PageInfo, checked_first, decode_cursor, encode_cursor
from services.visible import VisiblePost

LENGTH = 500
"""The most items of a snapshot; where it ends, the feed ends."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """Items in order, and what they were made of: numbers in an order of their own."""

    items: Sequence[Item]
    made_of: Iterable[tuple[int, ...]]


async def ranked_page(
    backend: Backend,
    reader: Reader,
    viewer_id: int,
    feed: SnapshotFeed,
    *,
    first: int,
    after: str | None,
    rank: Callable[[], Awaitable[Ranked]],
    prove: Callable[[Sequence[Item]], Awaitable[Sequence[FeedEdge | None]]],
) -> Page[VisiblePost]:
    """`rank` makes what a first page begins with; `prove` tells what is shown of items at this moment.

    Raises RequestFault for a bad `first` or `after`, and ShardUnavailable where the viewer's shard is out of reach.
    """
    checked_first(first)
    if after is None:
        snapshot_id, position = await _begin(backend, reader, viewer_id, feed, await rank()), 0
    else:
        snapshot_id, position = decode_cursor(after, 2)
        if not 0 <= position <= LENGTH:
            raise RequestFault(RequestErrorCode.BAD_REQUEST, "`after` is not a cursor of this list.")
    walked = await walk(
        reader, viewer_id, feed, snapshot_id=snapshot_id, position=position, count=first + 1, prove=prove
    )
    shown = []
    for place, edge in walked.edges[:first]:
        edge.cursor = encode_cursor(snapshot_id, place + 1)
        shown.append(edge)
    has_more = len(walked.edges) > first
    end = shown[-1].cursor if shown else None
    if not has_more and not walked.ended:
        # What may not be shown left the page short: the next one goes on behind what was looked at.
        end = encode_cursor(snapshot_id, walked.position)
    page_info = PageInfo(
        has_next_page=has_more or not walked.ended,
        has_previous_page=after is not None,
        start_cursor=shown[0].cursor if shown else None,
        end_cursor=end,
    )
    return Page(shown, page_info)


async def _begin(backend: Backend, reader: Reader, viewer_id: int, feed: SnapshotFeed, ranked: Ranked) -> int:
    """The id of the snapshot to read: the latest one, where it is FRESH and was made of the same, so that what nothing
    has changed about reads the same twice; else a new one."""
    fingerprint = fingerprint_of(*ranked.made_of)
    latest = await latest_snapshot(reader, viewer_id, feed)
    if latest and latest.fingerprint == fingerprint and clock.now() - latest.created_at < FRESH:
        return latest.id
    since = clock.now() - FRESH
    made = await keep_snapshot(
        backend, viewer_id, feed, ranked.items, fingerprint=fingerprint, floor_id=0, unless_since=since
    )
    return made.id
