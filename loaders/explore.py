"""The viewer's explore and reels."""

from collections.abc import Sequence

from loaders.context import Context
from loaders.relationship import prime_relationships
from services.feeds.explore.feed import explore_feed
from services.feeds.reels import reels_feed
from services.pages import Page
from services.viewer import ViewerIdentity
from services.visible import VisiblePost


async def load_explore_feed(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisiblePost]]:
    pages = [
        await explore_feed(context.backend, context.reader, context.links, row.id, first=first, after=after)
        for row in rows
    ]
    prime_relationships(context, [post for page in pages for post in page.nodes])
    return pages


async def load_reels_feed(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisiblePost]]:
    pages = [
        await reels_feed(context.backend, context.reader, context.links, row.id, first=first, after=after)
        for row in rows
    ]
    prime_relationships(context, [post for page in pages for post in page.nodes])
    return pages
