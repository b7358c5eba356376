"""Hashtags and places: whether the viewer follows them, and what stands on their pages."""

from collections.abc import Sequence

from loaders.context import Context
from services.discovery.following import followed_among, followed_hashtags
from services.pages import Page
from services.viewer import ViewerIdentity
from services.visible import HashtagRow


async def load_viewer_is_following(context: Context, rows: Sequence[HashtagRow]) -> list[bool]:
    """False for an anonymous viewer."""
    followed = await followed_among(context.reader, context.viewer_id, {row.id for row in rows})
    return [row.id in followed for row in rows]


async def load_followed_hashtags(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[HashtagRow]]:
    return [await followed_hashtags(context.reader, row.id, first=first, after=after) for row in rows]
