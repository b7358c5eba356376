"""What those whom the viewer follows did."""

from collections.abc import Sequence

from loaders.context import Context
from loaders.relationship import prime_relationships
from services.feeds.activity.page import activity_feed
from services.feeds.activity.proof import ShownActivity
from services.pages import Page
from services.viewer import ViewerIdentity
from services.visible import VisibleComment, VisiblePost


async def load_activity_feed(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[ShownActivity]]:
    pages = [await activity_feed(context.reader, context.links, row.id, first=first, after=after) for row in rows]
    subjects = [activity.subject for page in pages for activity in page.nodes]
    posts = [subject.post if isinstance(subject, VisibleComment) else subject for subject in subjects]
    prime_relationships(context, [post for post in posts if isinstance(post, VisiblePost)])
    return pages
