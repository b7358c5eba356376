"""Posts of people, page by page: of many people at once in one statement per node."""

from collections.abc import Sequence

from models.ids import MAX_ID
from models.reads.posts import POSTS_OF_AUTHORS
from models.reads.reader import Reader
from models.tables import PostKind
from services.pages import Page, checked_first, decode_cursor, encode_cursor, page_of
from services.visibility import posts_of
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
    """By author, the newest first; of an account that the viewer may not look into, an empty page.

    An author's posts are to be seen all or none, so no page is left short. Raises RequestFault for a bad `first` or
    `after`.
    """
    checked_first(first)
    [before] = (MAX_ID,) if after is None else decode_cursor(after, 1)
    authors = set(author_ids)
    reading = reader.by_ids(POSTS_OF_AUTHORS, authors, viewer_id, before, first + 1, kind and kind.value)
    posts: dict[int, list[VisiblePost]] = {author_id: [] for author_id in authors}
    for post in (await posts_of(reader, links, viewer_id, reading)).values():
        posts[post.author.id].append(post)
    return {
        author_id: page_of(some, first, lambda post: encode_cursor(post.id), after=after)
        for author_id, some in posts.items()
    }
