"""The viewer's feeds."""

from collections.abc import Sequence

from loaders.context import Context
from loaders.relationship import prime_relationships
from services.feeds.home import home_feed
from services.feeds.reasons import FeedOrder
from services.pages import Page
from services.viewer import ViewerIdentity
from services.visible import VisiblePost


async def load_home_feed(
    context: Context,
    rows: Sequence[ViewerIdentity],
    *,
    first: int = 20,
    after: str | None = None,
    order: FeedOrder | None = None,  # noqa: ARG001  there is one so far
) -> list[Page[VisiblePost]]:
    pages = [
        await home_feed(context.backend, context.reader, context.links, row.id, first=first, after=after)
        for row in rows
    ]
    prime_relationships(context, [post for page in pages for post in page.nodes])
    return pages
