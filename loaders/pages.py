"""Hashtags and places, and what is counted of them."""

from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from models.tables import Counter
from services import counts
from services.hashtags import hashtags_with
from services.places import places_with
from services.visible import HashtagRow, PlaceRow


async def hashtags_by_id(context: Context, hashtag_ids: Sequence[int]) -> dict[int, HashtagRow]:
    return await hashtags_with(context.reader, hashtag_ids)


async def places_by_id(context: Context, place_ids: Sequence[int]) -> dict[int, PlaceRow]:
    return await places_with(context.reader, place_ids)


async def load_page_post_count(context: Context, rows: Sequence[HashtagRow | PlaceRow]) -> list[Any]:
    ids = [row.id for row in rows]
    found = await counts.read(context.reader, set(ids), [Counter.POSTS])
    return in_reach(context, ids, {number: count for (number, _), count in found.items()})
