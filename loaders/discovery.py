"""Hashtags and places: whether the viewer follows them, and what stands on their pages."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from loaders.relationship import prime_relationships
from services.discovery.following import followed_among, followed_hashtags
from services.discovery.listed import HASHTAGS, PLACES, DiscoveryOrder, PageKind, posts_on_pages
from services.discovery.related import related_hashtags
from services.pages import Page
from services.viewer import ViewerIdentity
from services.visible import HashtagRow, PlaceRow


async def load_viewer_is_following(context: Context, rows: Sequence[HashtagRow]) -> list[bool]:
    """False for an anonymous viewer."""
    followed = await followed_among(context.reader, context.viewer_id, {row.id for row in rows})
    return [row.id in followed for row in rows]


async def load_followed_hashtags(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[HashtagRow]]:
    return [await followed_hashtags(context.reader, row.id, first=first, after=after) for row in rows]


async def load_hashtag_posts(
    context: Context,
    rows: Sequence[HashtagRow],
    *,
    first: int = 20,
    after: str | None = None,
    order: DiscoveryOrder = DiscoveryOrder.TOP,
) -> list[Any]:
    return await _posts(context, HASHTAGS, [row.id for row in rows], first, after, order)


async def load_place_posts(
    context: Context,
    rows: Sequence[PlaceRow],
    *,
    first: int = 20,
    after: str | None = None,
    order: DiscoveryOrder = DiscoveryOrder.TOP,
) -> list[Any]:
    return await _posts(context, PLACES, [row.id for row in rows], first, after, order)


async def _posts(  # noqa: PLR0917
    context: Context, kind: PageKind, page_ids: list[int], first: int, after: str | None, order: DiscoveryOrder
) -> list[Any]:
    found = await posts_on_pages(
        context.backend,
        context.reader,
        context.links,
        context.viewer_id,
        page_ids,
        kind=kind,
        order=order,
        first=first,
        after=after,
    )
    prime_relationships(context, [post for page in found.values() if isinstance(page, Page) for post in page.nodes])
    return in_reach(context, page_ids, found)


async def load_related(context: Context, rows: Sequence[HashtagRow], *, first: int = 5) -> list[Any]:
    ids = [row.id for row in rows]
    return in_reach(context, ids, await related_hashtags(context.reader, context.viewer_id, ids, first=first))
