"""What stands between the viewer and people, and whom people are tied to."""

import asyncio
from collections.abc import Awaitable, Sequence
from typing import Any

from loaders.context import Context
from loaders.reach import in_reach
from models.tables import FollowState
from services.pages import Page
from services.relationships.pages import (
    OwnList,
    followers_of_users,
    following_of_users,
    mutual_followers_of_users,
    own_people,
)
from services.relationships.states import AlertsRow, RelationshipRow, Standing, follows_by, standing_with
from services.viewer import ViewerIdentity
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
    return [one.follow_state == FollowState.ACCEPTED for one in await _standing(context, rows)]


async def load_is_requested_by(context: Context, rows: Sequence[RelationshipRow]) -> list[bool]:
    return [one.follow_state == FollowState.PENDING for one in await _standing(context, rows)]


async def load_is_blocking(context: Context, rows: Sequence[RelationshipRow]) -> list[bool]:
    return [one.is_blocking for one in await _standing(context, rows)]


async def load_is_muting(context: Context, rows: Sequence[RelationshipRow]) -> list[bool]:
    return [one.is_muting for one in await _standing(context, rows)]


async def load_is_close_friend(context: Context, rows: Sequence[RelationshipRow]) -> list[bool]:
    return [one.is_close_friend for one in await _standing(context, rows)]


async def load_alerts(context: Context, rows: Sequence[RelationshipRow]) -> list[AlertsRow]:
    return [one.alerts for one in await _standing(context, rows)]


def _standing(context: Context, rows: Sequence[RelationshipRow]) -> Awaitable[list[Standing]]:
    """All these fields ask at once and of the same rows, so they share a statement, and the task that waits for it."""
    kept, key = context.reader.kept, (_standing, *rows)
    if key not in kept:
        kept[key] = asyncio.ensure_future(_load_standing(context, rows))
    task: Awaitable[list[Standing]] = kept[key]
    return task


async def _load_standing(context: Context, rows: Sequence[RelationshipRow]) -> list[Standing]:
    found = await standing_with(context.reader, context.viewer_id, {row.user_id for row in rows if not row.is_self})
    return [found.get(row.user_id, Standing()) for row in rows]


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


async def load_mutual_followers(
    context: Context, rows: Sequence[VisibleUser], *, first: int = 20, after: str | None = None
) -> list[Any]:
    ids = [row.id for row in rows]
    found = await mutual_followers_of_users(
        context.reader, context.links, context.viewer_id, ids, first=first, after=after
    )
    return in_reach(context, ids, found)


async def load_follow_requests(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisibleUser]]:
    return await _own(context, rows, OwnList.REQUESTS, first, after)


async def load_blocked_users(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisibleUser]]:
    return await _own(context, rows, OwnList.BLOCKED, first, after)


async def load_muted_users(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisibleUser]]:
    return await _own(context, rows, OwnList.MUTED, first, after)


async def load_close_friends(
    context: Context, rows: Sequence[ViewerIdentity], *, first: int = 20, after: str | None = None
) -> list[Page[VisibleUser]]:
    return await _own(context, rows, OwnList.CLOSE_FRIENDS, first, after)


async def _own(
    context: Context, rows: Sequence[ViewerIdentity], which: OwnList, first: int, after: str | None
) -> list[Page[VisibleUser]]:
    return [await own_people(context.reader, context.links, row.id, which, first=first, after=after) for row in rows]
