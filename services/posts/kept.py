"""Lists of posts that somebody keeps, page by page: of many lists at once in one statement per node, and one more for
the posts."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from models.reads.reader import Reader
from services.pages import LATEST, Page, checked_first, decode_cursor, in_calendar, microseconds
from services.refill import Position, filled
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost


async def fetch_lists(reader: Reader, sql: str, begin: Mapping[int, Position], limit: int) -> list[Any]:
    """The next rows of each list, which has a statement of `models.reads.kept`: at most so many of each."""
    moments = [in_calendar(position[0]) for position in begin.values()]
    posts = [position[1] for position in begin.values()]
    return await reader.by_ids(sql, begin, list(begin), moments, posts, limit)


def position_of(row: Any) -> Position:
    return microseconds(row["since"]), row["post_id"]


async def posts_of_lists(
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    list_ids: Sequence[int],
    sql: str,
    *,
    belongs: Callable[[VisiblePost], bool],
    first: int,
    after: str | None,
) -> dict[int, Page[VisiblePost]]:
    """By list, the latest first: what the viewer may see of it. A list is a mirror, so `belongs` asks the post itself,
    which was read from the truth. Raises RequestFault for a bad `first` or `after`."""
    checked_first(first)

    async def prove(rows: Sequence[Any]) -> list[VisiblePost | None]:
        posts = await visible_posts(reader, links, viewer_id, {row["post_id"] for row in rows})
        found = [posts.get(row["post_id"]) for row in rows]
        return [post if post is not None and belongs(post) else None for post in found]

    return await filled(
        list(dict.fromkeys(list_ids)),
        LATEST if after is None else decode_cursor(after, 2),
        first,
        fetch=lambda begin, limit: fetch_lists(reader, sql, begin, limit),
        prove=prove,
        position_of=position_of,
        is_later_page=after is not None,
    )
