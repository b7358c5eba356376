"""The home feed, ranked: a snapshot of the newest candidates (`ranking/making.py`), and below it by time.

What may be shown of a snapshot is asked of the truth for every page, as in chronological order, and so is the reason.
The score is what ranked the post when the snapshot was made. Cursors within the snapshot hold its id and how many items
stand before the next page; below it they are those of the chronological feed.
"""

from collections.abc import Sequence
from typing import Any

from core.errors import RequestErrorCode, RequestFault
from models.reads.reader import Reader
from models.tables import SnapshotFeed
from services.backend import Backend
from services.feeds.home import FeedEdge, home_feed, reason_of
from services.feeds.inserts import inserts_of
from services.feeds.ranking.making import Standing, snapshot_to_read, standing_of
from services.feeds.snapshots import Item, ItemKind, Walk, walk
from services.marks import marks_of
from services.pages import Edge, Page, PageInfo, checked_first, decode_cursor, encode_cursor
from services.visibility import visible_posts
from services.visible import MediaLinks

MOST_ITEMS = 100_000
"""No snapshot has more: a cursor that says so is of another list."""


async def ranked_feed(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, *, first: int = 20, after: str | None = None
) -> Page[Any]:
    """What `home_feed` shows, in ranked order; the edges are FeedEdges.

    Raises RequestFault for a bad `first`, and for an `after` that is none or whose snapshot is no longer kept;
    ShardUnavailable where the viewer's shard is out of reach. Posts on other nodes that are out of reach are left out.
    """
    checked_first(first)
    place = None if after is None else _place(after)
    if place is not None and len(place) == 1:
        return await home_feed(backend, reader, links, viewer_id, first=first, after=after)
    standing = await standing_of(reader, viewer_id)
    if place is None:
        snapshot_id, position = await snapshot_to_read(backend, reader, links, viewer_id, standing), 0
    else:
        snapshot_id, position = place

    async def prove(items: Sequence[Item]) -> list[Edge[Any] | None]:
        return await _shown(backend, reader, links, viewer_id, standing, items)

    walked = await walk(
        reader,
        viewer_id,
        SnapshotFeed.HOME,
        snapshot_id=snapshot_id,
        position=position,
        count=first + 1,  # one more tells whether there is a next page
        prove=prove,
    )
    edges: list[Edge[Any]] = []
    for number, edge in walked.edges[:first]:
        edge.cursor = encode_cursor(snapshot_id, number + 1)
        edges.append(edge)
    if walked.ended and len(walked.edges) <= first and walked.floor_id:
        below = await _below(backend, reader, links, viewer_id, walked, first - len(edges))
        edges += below.edges
        has_next, end = below.page_info.has_next_page, below.page_info.end_cursor
    else:
        has_next, end = len(walked.edges) > first or not walked.ended, edges[-1].cursor if edges else None
        if len(walked.edges) <= first and not walked.ended:
            # The rules left the page short: the next one goes on behind what was looked at.
            end = encode_cursor(snapshot_id, walked.position)
    start = edges[0].cursor if edges else None
    return Page(edges, PageInfo(has_next, after is not None, start, end))


def _place(after: str) -> tuple[int, ...]:
    """A snapshot and a position in it, or a post. Raises RequestFault."""
    try:
        snapshot_id, position = decode_cursor(after, 2)
    except RequestFault:
        return decode_cursor(after, 1)
    if not 0 <= position <= MOST_ITEMS:
        raise RequestFault(RequestErrorCode.BAD_REQUEST, "`after` is not a cursor of this list.")
    return snapshot_id, position


async def _shown(  # noqa: PLR0917
    backend: Backend,
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    standing: Standing,
    items: Sequence[Item],
) -> list[Edge[Any] | None]:
    """Each item as it may be shown at this moment."""
    marks = await marks_of(reader, viewer_id)
    inserts = await inserts_of(backend, reader, links, viewer_id, items)
    wanted = {item.id for item in items if item.kind is ItemKind.POST} | inserts.post_ids
    posts = await visible_posts(reader, links, viewer_id, wanted)
    shown: list[Edge[Any] | None] = []
    for item in items:
        if item.kind is ItemKind.POST:
            post = posts.get(item.id)
            reason = reason_of(post, marks, standing.hashtag_ids) if post else None
            shown.append(FeedEdge(post, "", reason=reason, score=item.score) if post and reason else None)
        else:
            node = inserts.node_of(item, posts, marks)
            shown.append(FeedEdge(node, "", reason=item.reason) if node else None)
    return shown


async def _below(  # noqa: PLR0917
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, walked: Walk, room: int
) -> Page[Any]:
    """What follows by time where the snapshot has ended, to fill up a page that has room for so many; where it has
    none, whether anything does."""
    floor = encode_cursor(walked.floor_id)
    page = await home_feed(backend, reader, links, viewer_id, first=max(room, 1), after=floor)
    info = page.page_info
    if room:
        return page
    return Page((), PageInfo(bool(page.edges) or info.has_next_page, has_previous_page=True, end_cursor=floor))
