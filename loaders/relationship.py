"""What stands between the viewer and people, and whom people are tied to."""

import asyncio
from collections.abc import Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from models.tables import FollowState
from services.relationships.pages import followers_of_users, following_of_users
from services.relationships.states import RelationshipRow, follows_by, follows_of
from services.visible import VisiblePost, VisibleUser


def prime_relationships(context: Context, posts: Sequence[VisiblePost]) -> None:
    """A post's row says what the viewer's follow of its author is."""
    if context.viewer is None:
        return
    for post in posts:
        row = RelationshipRow(post.author.id, context.viewer_id, post.follow_state)
        context.batches.prime(load_viewer_relationship, post.author, row)


async def load_viewer_relationship(context: Context, rows: Sequence[VisibleUser]) -> list[Any]:
    """None for an anonymous viewer."""
    if context.viewer is None:
        return [None] * len(rows)
    viewer_id = context.viewer_id
    states = await follows_by(context.reader, viewer_id, {row.id for row in rows} - {viewer_id})
    found = {row.id: RelationshipRow(row.id, viewer_id, states.get(row.id)) for row in rows}
    return in_reach(context, [row.id for row in rows], found)


async def load_is_followed_by(context: Context, rows: Sequence[RelationshipRow]) -> list[bool]:
    return [state == FollowState.ACCEPTED for state in await _follow_backs(context, rows)]


async def load_is_requested_by(context: Context, rows: Sequence[RelationshipRow]) -> list[bool]:
    return [state == FollowState.PENDING for state in await _follow_backs(context, rows)]


async def _follow_backs(context: Context, rows: Sequence[RelationshipRow]) -> list[str | None]:
    """Both fields ask at once, so they share a statement."""
    return list(await asyncio.gather(*(context.batches.load(_load_follow_back, row, {}) for row in rows)))


async def _load_follow_back(context: Context, rows: Sequence[RelationshipRow]) -> list[str | None]:
    states = await follows_of(context.reader, context.viewer_id, {row.user_id for row in rows if not row.is_self})
    return [states.get(row.user_id) for row in rows]


async def load_followers(
    context: Context,
    rows: Sequence[VisibleUser],
    *,
    first: int = 20,
    after: str | None = None,
    query: str | None = None,
) -> list[Any]:
    ids = [row.id for row in rows]
    found = await followers_of_users(
        context.reader, context.links, context.viewer_id, ids, query=query, first=first, after=after
    )
    return in_reach(context, ids, found)


async def load_following(
    context: Context,
    rows: Sequence[VisibleUser],
    *,
    first: int = 20,
    after: str | None = None,
    query: str | None = None,
) -> list[Any]:
    ids = [row.id for row in rows]
    found = await following_of_users(
        context.reader, context.links, context.viewer_id, ids, query=query, first=first, after=after
    )
    return in_reach(context, ids, found)
