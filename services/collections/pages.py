"""Collections of a viewer and what is in them, page by page."""

from collections.abc import Sequence

from models.ids import MAX_ID
from models.reads.collections import COLLECTIONS_OF_OWNER, POSTS_OF_COLLECTIONS, SAVED_BY_USERS
from models.reads.reader import Reader
from services.pages import Page, checked_first, decode_cursor, encode_cursor, page_of
from services.posts.kept import posts_of_lists
from services.visibility import collections_of
from services.visible import MediaLinks, VisibleCollection, VisiblePost


async def page_of_collections(
    reader: Reader, owner_id: int, *, first: int, after: str | None
) -> Page[VisibleCollection]:
    """The owner's collections, the newest first. Raises RequestFault for a bad `first` or `after`, and
    ShardUnavailable."""
    checked_first(first)
    [before] = (MAX_ID,) if after is None else decode_cursor(after, 1)
    rows = await reader.on_shard_of(owner_id, COLLECTIONS_OF_OWNER, owner_id, before, first + 1)
    found = list(collections_of(rows, owner_id).values())
    return page_of(found, first, lambda collection: encode_cursor(collection.id), after=after)


async def posts_of_collections(
    reader: Reader, links: MediaLinks, owner_id: int, collection_ids: Sequence[int], *, first: int, after: str | None
) -> dict[int, Page[VisiblePost]]:
    """By collection of the owner's, what was put in last first. Raises RequestFault for a bad `first` or `after`."""
    return await posts_of_lists(
        reader, links, owner_id, collection_ids, POSTS_OF_COLLECTIONS, belongs=is_saved, first=first, after=after
    )


async def saved_posts(
    reader: Reader, links: MediaLinks, owner_id: int, *, first: int, after: str | None
) -> Page[VisiblePost]:
    """What the owner saved, the latest first. Raises RequestFault for a bad `first` or `after`."""
    found = await posts_of_lists(
        reader, links, owner_id, [owner_id], SAVED_BY_USERS, belongs=is_saved, first=first, after=after
    )
    return found[owner_id]


def is_saved(post: VisiblePost) -> bool:
    """As the post's shard says: what was unsaved may still stand on the saver's for a moment."""
    return post.viewer_has_saved
