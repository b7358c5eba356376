"""What parts of texts point at."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from services.visibility import visible_users
from services.visible import EntityRow


async def load_target(context: Context, rows: Sequence[EntityRow]) -> list[Any]:
    """People are looked up, one statement per node for all texts; hashtags and links are known."""
    ids = list({row.user_id for row in rows if row.user_id is not None})
    found = await visible_users(context.reader, context.links, context.viewer_id, ids)
    people = dict(zip(ids, in_reach(context, ids, found), strict=True))
    return [row.names if row.user_id is None else people[row.user_id] for row in rows]
