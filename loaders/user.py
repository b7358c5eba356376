"""People, and what is counted of them."""

import asyncio
from collections.abc import Sequence
from typing import Any

from core.errors import ShardUnavailable
from loaders.context import Context
from models.ids import shard_of
from models.reads.people import USER_COUNTS
from services.visibility import visible_users
from services.visible import VisibleUser


async def users_by_id(context: Context, user_ids: Sequence[int]) -> dict[int, VisibleUser]:
    return await visible_users(context.reader, context.links, context.viewer_id, user_ids)


async def load_post_count(context: Context, rows: Sequence[VisibleUser]) -> list[Any]:
    return await _count(context, rows, "post_count")


async def load_follower_count(context: Context, rows: Sequence[VisibleUser]) -> list[Any]:
    return await _count(context, rows, "follower_count")


async def load_following_count(context: Context, rows: Sequence[VisibleUser]) -> list[Any]:
    return await _count(context, rows, "following_count")


async def _count(context: Context, rows: Sequence[VisibleUser], name: str) -> list[Any]:
    """The three counts come with one statement per node, whichever of them are asked for."""
    counted = await asyncio.gather(*(context.batches.load(_load_counts, row, {}) for row in rows))
    return [
        counts[name] if counts else ShardUnavailable(context.reader.shards.node_of(shard_of(row.id)))
        for row, counts in zip(rows, counted, strict=True)
    ]


async def _load_counts(context: Context, rows: Sequence[VisibleUser]) -> list[Any]:
    """A record per user; None where the user's node does not answer."""
    found = {row["user_id"]: row for row in await context.reader.by_ids(USER_COUNTS, {row.id for row in rows})}
    return [found.get(row.id) for row in rows]
