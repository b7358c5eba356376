"""Comments of posts and replies to comments, page by page: of many at once in one statement per node."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from models.ids import MAX_ID
from models.reads.comments import NEWEST_OF_POSTS, OLDEST_OF_POSTS, REPLIES_OF_COMMENTS, TOP_OF_POSTS
from models.reads.reader import Reader
from services.pages import Page, checked_first, decode_cursor
from services.refill import Position, filled
from services.visibility import comments_of
from services.visible import MediaLinks, VisibleComment, VisiblePost


class CommentOrder(StrEnum):
    """TOP is by likes, and by time among equals."""

    TOP = "TOP"
    NEWEST = "NEWEST"
    OLDEST = "OLDEST"


_PAGES: dict[CommentOrder, tuple[str, Position]] = {
    CommentOrder.TOP: (TOP_OF_POSTS, (MAX_ID, MAX_ID)),
    CommentOrder.NEWEST: (NEWEST_OF_POSTS, (MAX_ID,)),
    CommentOrder.OLDEST: (OLDEST_OF_POSTS, (0,)),
}


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
    sql, start = _PAGES[order]
    return await _pages(reader, links, viewer_id, {post.id: post for post in posts}, sql, start, first, after)


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
    return await _pages(reader, links, viewer_id, threads, REPLIES_OF_COMMENTS, (0,), first, after)


async def _pages(  # noqa: PLR0917
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    parents: Mapping[int, VisiblePost],
    sql: str,
    start: Position,
    first: int,
    after: str | None,
) -> dict[int, Page[VisibleComment]]:
    """`parents` are posts or comments, each with its post."""
    checked_first(first)
    posts = {post.id: post for post in parents.values()}
    by_score = len(start) == 2

    async def fetch(begin: Mapping[int, Position], limit: int) -> list[Any]:
        scores = [position[0] for position in begin.values()]
        ids = [position[-1] for position in begin.values()]
        return await reader.by_ids(sql, begin, viewer_id, list(begin), scores, ids, limit)

    async def prove(rows: Sequence[Any]) -> list[VisibleComment | None]:
        shown = await comments_of(reader, links, viewer_id, rows, posts)
        return [shown.get(row["id"]) for row in rows]

    return await filled(
        list(parents),
        start if after is None else decode_cursor(after, len(start)),
        first,
        fetch=fetch,
        prove=prove,
        position_of=lambda row: (row["score"], row["id"]) if by_score else (row["id"],),
        is_later_page=after is not None,
    )
