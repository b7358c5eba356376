"""Pictures, and who is on them."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from services.uploads.reading import visible_images
from services.visibility import visible_users
from services.visible import ImageRow, TagRow


async def images_by_id(context: Context, image_ids: Sequence[int]) -> dict[int, ImageRow]:
    return await visible_images(context.reader, context.links, context.viewer_id, image_ids)


async def load_tagged_user(context: Context, rows: Sequence[TagRow]) -> list[Any]:
    ids = [row.user_id for row in rows]
    return in_reach(context, ids, await visible_users(context.reader, context.links, context.viewer_id, ids))
