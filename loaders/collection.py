"""The viewer's collections, what is in them, and what the viewer saved."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from loaders.relationship import prime_relationships
from services.collections.covers import covers_of
from services.collections.pages import page_of_collections, posts_of_collections, saved_posts
from services.pages import Page
from services.viewer import ViewerIdentity
from services.visibility import visible_collections
from services.visible import VisibleCollection, VisiblePost


async def collections_by_id(context: Context, collection_ids: Sequence[int]) -> dict[int, VisibleCollection]:
    """Those of the collections that are the viewer's."""
    if context.viewer is None:
        return {}
    return await visible_collections(context.reader, context.viewer_id, collection_ids)


async def load_collections(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisibleCollection]]:
    return [await page_of_collections(context.reader, row.id, first=first, after=after) for row in rows]


async def load_cover(context: Context, rows: Sequence[VisibleCollection]) -> list[Any]:
    found = await covers_of(context.reader, context.links, context.viewer_id, rows)
    return in_reach(context, [row.id for row in rows], found)


async def load_collection_posts(
    context: Context, rows: Sequence[VisibleCollection], *, first: int = 20, after: str | None = None
) -> list[Any]:
    ids = [row.id for row in rows]
    found = await posts_of_collections(context.reader, context.links, context.viewer_id, ids, first=first, after=after)
    prime_relationships(context, [post for page in found.values() for post in page.nodes])
    return in_reach(context, ids, found)


async def load_saved_posts(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisiblePost]]:
    pages = [await saved_posts(context.reader, context.links, row.id, first=first, after=after) for row in rows]
    prime_relationships(context, [post for page in pages for post in page.nodes])
    return pages
