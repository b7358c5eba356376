"""Pictures and films, and who is on them."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from services.uploads.reading import visible_media
from services.visibility import visible_users
from services.visible import ImageRow, TagRow, VideoRow, still_of


async def images_by_id(context: Context, image_ids: Sequence[int]) -> dict[int, ImageRow]:
    """Under the number of a film its poster."""
    found = await visible_media(context.reader, context.links, context.viewer_id, image_ids)
    return {number: still_of(media) for number, media in found.items()}


async def videos_by_id(context: Context, video_ids: Sequence[int]) -> dict[int, VideoRow]:
    found = await visible_media(context.reader, context.links, context.viewer_id, video_ids)
    return {number: media for number, media in found.items() if isinstance(media, VideoRow)}


async def load_tagged_user(context: Context, rows: Sequence[TagRow]) -> list[Any]:
    ids = [row.user_id for row in rows]
    return in_reach(context, ids, await visible_users(context.reader, context.links, context.viewer_id, ids))
