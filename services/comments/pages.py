"""Comments of posts and replies to comments, page by page: of many at once in one statement per node."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.ids import MAX_ID
from models.reads.comments import NEWEST_OF_POSTS, OLDEST_OF_POSTS, REPLIES_OF_COMMENTS, TOP_OF_POSTS
from models.reads.reader import Reader
from services.pages import Page, checked_first, decode_cursor
from services.refill import Position, filled
from services.visibility import comments_of
from services.visible import MediaLinks, VisibleComment, VisiblePost

MOST_PINNED = 3
"""Of a post."""


class CommentOrder(StrEnum):
    """TOP begins with what is pinned, the latest pin first; then by likes, and by time among equals.

    Each is stable. Who walks the pages to the end sees every comment that was there at the beginning, and stays, once
    and in order, whatever comes and whatever is liked or pinned meanwhile; in OLDEST the new ones too, at the end. A
    walk through TOP may take a day for that (`services.retention.KEPT_SCORES`).
    """

    TOP = "TOP"
    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


@dataclass(frozen=True, slots=True)
class _List:
    """`start` is the position before the first comment; one has as many numbers as that."""

    sql: str
    start: Position
    position_of: Callable[[Any], Position]
    more: tuple[int, ...] = ()


def _by_id(row: Any) -> Position:
    return (row["id"],)


def _by_rank(row: Any) -> Position:
    """The horizon, where the comment stands, and what was pinned at the horizon: 0 where it was fewer."""
    pins = [*row["pins"], 0, 0, 0][:MOST_PINNED]
    return (row["horizon"], row["rank"], row["tie"], *pins)


_ORDERS = {
    CommentOrder.TOP: _List(TOP_OF_POSTS, (MAX_ID, MAX_ID, MAX_ID, 0, 0, 0), _by_rank, (MAX_ID,)),
    CommentOrder.NEWEST: _List(NEWEST_OF_POSTS, (MAX_ID,), _by_id),
    CommentOrder.OLDEST: _List(OLDEST_OF_POSTS, (0,), _by_id),
}
_REPLIES = _List(REPLIES_OF_COMMENTS, (0,), _by_id)


async def comments_of_posts(
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    posts: Sequence[VisiblePost],
    *,
    order: CommentOrder,
    first: int,
    after: str | None,
) -> dict[int, Page[VisibleComment]]:
    """By post id: what nobody answers to, without the replies. Raises RequestFault for a bad `first` or `after`."""
    threads = {post.id: post for post in posts}
    return await _pages(reader, links, viewer_id, threads, _ORDERS[order], first=first, after=after)


async def replies_of_comments(
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    comments: Sequence[VisibleComment],
    *,
    first: int,
    after: str | None,
) -> dict[int, Page[VisibleComment]]:
    """By comment id, the oldest first. Raises as `comments_of_posts`."""
    threads = {comment.id: comment.post for comment in comments}
    return await _pages(reader, links, viewer_id, threads, _REPLIES, first=first, after=after)


async def _pages(
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    parents: Mapping[int, VisiblePost],
    of: _List,
    *,
    first: int,
    after: str | None,
) -> dict[int, Page[VisibleComment]]:
    """`parents` are posts or comments, each with its post."""
    checked_first(first)
    posts = {post.id: post for post in parents.values()}

    async def fetch(begin: Mapping[int, Position], limit: int) -> list[Any]:
        columns = [list(numbers) for numbers in zip(*begin.values(), strict=True)]
        return await reader.by_ids(of.sql, begin, viewer_id, list(begin), *columns, limit, *of.more)

    async def prove(rows: Sequence[Any]) -> list[VisibleComment | None]:
        shown = await comments_of(reader, links, viewer_id, rows, posts)
        return [shown.get(row["id"]) for row in rows]

    return await filled(
        list(parents),
        of.start if after is None else decode_cursor(after, len(of.start)),
        first,
        fetch=fetch,
        prove=prove,
        position_of=of.position_of,
        is_later_page=after is not None,
    )
