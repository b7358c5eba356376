"""Who likes what."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from services.relationships.pages import likers_of_subjects
from services.visible import VisiblePost


async def load_likers(
    context: Context, rows: Sequence[VisiblePost], *, first: int = 20, after: str | None = None
) -> list[Any]:
    ids = [row.id for row in rows]
    found = await likers_of_subjects(context.reader, context.links, context.viewer_id, ids, first=first, after=after)
    return in_reach(context, ids, found)
