"""Posts on the pages of hashtags and places, the best or the newest first: of many pages at once in one statement per
node and step. What a page's mirror says is proved by the posts themselves: it shows what the viewer may see, and what
stands there at this moment. Muting concerns feeds, so these pages show also whom the viewer mutes.

RECENT goes by id. TOP goes through the order that the page had at a moment (`services.discovery.tops`), which a cursor
names, and below its floor by id: so who goes on finds nothing twice and misses nothing, whatever is liked meanwhile.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from core.errors import RequestErrorCode, RequestFault
from models.ids import MAX_ID, shard_of
from models.reads.discovery import POSTS_OF_HASHTAGS, POSTS_OF_PLACES, TOP_ITEMS
from models.reads.reader import Reader
from models.tables import PostState
from services.backend import Backend
from services.discovery.tops import Part, current_tops
from services.pages import Page, checked_first, decode_cursor
from services.refill import Position, filled
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost

Row: TypeAlias = dict[str, Any]
_ANEW: Position = (-1, 0)
"""Where TOP begins. Then: (id of the top, how many of it were looked at), and below its floor (0, id of a post)."""


class DiscoveryOrder(StrEnum):
    """In which order the page of a hashtag or a place is read."""

    TOP = "TOP"
    RECENT = "RECENT"


@dataclass(frozen=True, slots=True)
class PageKind:
    """`listed` is the statement that gives what the mirror has, `holds` tells whether a post stands on a page."""

    listed: str
    holds: Callable[[VisiblePost, int], bool]


HASHTAGS = PageKind(POSTS_OF_HASHTAGS, lambda post, page_id: any(one.id == page_id for one in post.hashtags))
PLACES = PageKind(POSTS_OF_PLACES, lambda post, page_id: post.place is not None and post.place.id == page_id)


async def posts_on_pages(
    backend: Backend,
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    page_ids: Sequence[int],
    *,
    kind: PageKind,
    order: DiscoveryOrder,
    first: int,
    after: str | None,
) -> dict[int, Page[VisiblePost] | RequestFault]:
    """By page; a RequestFault (BAD_REQUEST) for one whose order behind `after` is no longer kept. Raises RequestFault
    for a bad `first` or `after`."""
    checked_first(first)
    is_top = order is DiscoveryOrder.TOP
    walk = _Walk(backend, reader, kind)
    start = _ANEW if is_top else (MAX_ID,)

    async def prove(rows: Sequence[Row]) -> list[VisiblePost | None]:
        posts = await visible_posts(reader, links, viewer_id, {row["post_id"] for row in rows})
        return [_shown(kind, posts.get(row["post_id"]), row["page_of"]) for row in rows]

    found = await filled(
        list(dict.fromkeys(page_ids)),
        start if after is None else decode_cursor(after, len(start)),
        first,
        fetch=walk.down_top if is_top else walk.down,
        prove=prove,
        position_of=lambda row: row["position"],
        is_later_page=after is not None,
    )
    return {**found, **walk.forgotten}


def _shown(kind: PageKind, post: VisiblePost | None, page_id: int) -> VisiblePost | None:
    """The mirror may be late, and so may be the order of a page: both are told by the post."""
    return post if post is not None and post.state == PostState.LIVE and kind.holds(post, page_id) else None


class _Walk:
    """Down some pages, for one answer. `forgotten` are those that cannot go on."""

    def __init__(self, backend: Backend, reader: Reader, kind: PageKind) -> None:
        self._backend = backend
        self._reader = reader
        self._kind = kind
        self.forgotten: dict[int, RequestFault] = {}

    async def down(self, begin: Mapping[int, Position], limit: int) -> list[Row]:
        """By id."""
        rows = await self._listed({page_id: position[0] for page_id, position in begin.items()}, limit)
        return [{**row, "position": (row["post_id"],)} for row in rows]

    async def down_top(self, begin: Mapping[int, Position], limit: int) -> list[Row]:
        """Through the tops, and where one ends, on below its floor: two statements per node."""
        parts = await self._parts(begin, limit)
        below = {page_id: position[1] for page_id, position in begin.items() if position[0] == 0}
        room = dict.fromkeys(below, limit)
        rows: list[Row] = []
        for page_id, part in parts.items():
            rows += [
                {"page_of": page_id, "post_id": post_id, "position": (part.top_id, part.position + number)}
                for number, post_id in enumerate(part.ids, 1)
            ]
            if part.floor_id and part.ends and len(part.ids) < limit:
                below[page_id], room[page_id] = part.floor_id, limit - len(part.ids)
        for row in await self._listed(below, limit):
            if room[row["page_of"]]:
                room[row["page_of"]] -= 1
                rows.append({**row, "position": (0, row["post_id"])})
        return rows

    async def _listed(self, below: Mapping[int, int], limit: int) -> list[Any]:
        if not below:
            return []
        return await self._reader.by_ids(self._kind.listed, below, list(below), list(below.values()), limit)

    async def _parts(self, begin: Mapping[int, Position], limit: int) -> dict[int, Part]:
        parts: dict[int, Part] = {}
        if anew := [page_id for page_id, position in begin.items() if position == _ANEW]:
            parts = await current_tops(self._backend, self._reader, self._kind.listed, anew, limit)
        if within := {page_id: position for page_id, position in begin.items() if position[0] > 0}:
            tops, looked_at = zip(*within.values(), strict=True)
            rows = await self._reader.by_ids(TOP_ITEMS, within, list(within), list(tops), list(looked_at), limit)
            read = {row["page_id"]: Part(**row) for row in rows}
            for page_id in within.keys() - read.keys():
                self._forget(page_id)
            parts |= read
        return parts

    def _forget(self, page_id: int) -> None:
        shards = self._reader.shards
        if shards.node_of(shard_of(page_id)) not in self._reader.unavailable:
            message = "This page is too old to go on in: begin it anew."
            self.forgotten[page_id] = RequestFault(RequestErrorCode.BAD_REQUEST, message)
