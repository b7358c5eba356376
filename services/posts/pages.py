"""Posts of people, and posts that people are on, page by page: of many people at once in one statement per node."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from models.ids import MAX_ID
from models.reads.pages import TAGGED_POSTS
from models.reads.posts import ARCHIVED_POSTS, POSTS_OF_AUTHORS, POSTS_OF_AUTHORS_OF_KIND
from models.reads.reader import Reader
from models.tables import PostKind, PostState
from services.marks import marks_of
from services.pages import Page, checked_first, decode_cursor, encode_cursor, microseconds, page_of
from services.refill import Position, filled
from services.visibility import content_may_be_seen, posts_of, visible_posts
from services.visible import MediaLinks, VisiblePost


async def posts_of_authors(
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    author_ids: Sequence[int],
    *,
    kind: PostKind | None,
    first: int,
    after: str | None,
) -> dict[int, Page[VisiblePost]]:
    """By author: what is pinned, the newest pin first, then the rest, the newest first; of an account that the viewer
    may not look into, an empty page.

    An author's posts are to be seen all or none, so no page is left short. Raises RequestFault for a bad `first` or
    `after`.
    """
    checked_first(first)
    start = (MAX_ID, MAX_ID) if after is None else decode_cursor(after, 2)
    authors = set(author_ids)
    if kind is None:
        reading = reader.by_ids(POSTS_OF_AUTHORS, authors, viewer_id, *start, first + 1)
    else:
        reading = reader.by_ids(POSTS_OF_AUTHORS_OF_KIND, authors, viewer_id, *start, first + 1, kind.value)
    posts: dict[int, list[VisiblePost]] = {author_id: [] for author_id in authors}
    for post in (await posts_of(reader, links, viewer_id, reading)).values():
        posts[post.author.id].append(post)
    return {
        author_id: page_of(some, first, lambda post: encode_cursor(_pinned(post), post.id), after=after)
        for author_id, some in posts.items()
    }


def _pinned(post: VisiblePost) -> int:
    return 0 if post.pinned_at is None else microseconds(post.pinned_at)


async def archived_posts(
    reader: Reader, links: MediaLinks, author_id: int, *, first: int, after: str | None
) -> Page[VisiblePost]:
    """For their author, the newest first. Raises RequestFault for a bad `first` or `after`."""
    checked_first(first)
    [before] = (MAX_ID,) if after is None else decode_cursor(after, 1)
    reading = reader.by_ids(ARCHIVED_POSTS, [author_id], author_id, before, first + 1)
    posts = list((await posts_of(reader, links, author_id, reading)).values())
    return page_of(posts, first, lambda post: encode_cursor(post.id), after=after)


async def tagged_posts(
    reader: Reader, links: MediaLinks, viewer_id: int, user_ids: Sequence[int], *, first: int, after: str | None
) -> dict[int, Page[VisiblePost]]:
    """By person: posts on which they are tagged at this moment, the newest first; of an account that the viewer may not
    look into, an empty page. Raises RequestFault for a bad `first` or `after`."""
    checked_first(first)

    async def fetch(begin: Mapping[int, Position], limit: int) -> list[Any]:
        before = [position[0] for position in begin.values()]
        reading = reader.by_ids(TAGGED_POSTS, begin, list(begin), before, limit, viewer_id)
        rows, marks = await asyncio.gather(reading, marks_of(reader, viewer_id))
        return [row for row in rows if content_may_be_seen(row, viewer_id, marks)]

    async def prove(rows: Sequence[Any]) -> list[VisiblePost | None]:
        posts = await visible_posts(reader, links, viewer_id, {row["post_id"] for row in rows})
        return [_shown(posts.get(row["post_id"]), row["page_of"]) for row in rows]

    return await filled(
        list(dict.fromkeys(user_ids)),
        (MAX_ID,) if after is None else decode_cursor(after, 1),
        first,
        fetch=fetch,
        prove=prove,
        position_of=lambda row: (row["post_id"],),
        is_later_page=after is not None,
    )


def _shown(post: VisiblePost | None, user_id: int) -> VisiblePost | None:
    """The mirror may be late: the tag stands in the post."""
    if post is None or post.state != PostState.LIVE:
        return None
    return post if any(tag.user_id == user_id for image in post.media for tag in image.tagged_users) else None
