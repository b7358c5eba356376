"""The viewer's feeds."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from loaders.context import Context
from loaders.relationship import prime_relationships
from services.feeds.home import home_feed
from services.feeds.ranked import ranked_feed
from services.feeds.reasons import FeedOrder
from services.feeds.sponsoring import SponsoredPostRow
from services.pages import Page
from services.viewer import ViewerIdentity
from services.visible import VisiblePost

FEEDS: Mapping[FeedOrder, Callable[..., Awaitable[Page[Any]]]] = {
    FeedOrder.CHRONOLOGICAL: home_feed,
    FeedOrder.RANKED: ranked_feed,
}


async def load_home_feed(
    context: Context,
    rows: Sequence[ViewerIdentity],
    *,
    first: int = 20,
    after: str | None = None,
    order: FeedOrder | None = None,
) -> list[Page[Any]]:
    pages = [
        await FEEDS[order or row.feed_order](
            context.backend, context.reader, context.links, row.id, first=first, after=after
        )
        for row in rows
    ]
    shown = [node.post if isinstance(node, SponsoredPostRow) else node for page in pages for node in page.nodes]
    prime_relationships(context, [post for post in shown if isinstance(post, VisiblePost)])
    return pages
