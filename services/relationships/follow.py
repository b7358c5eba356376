"""Following. The truth lives with the one followed, who decides on it; the follower has a mirror of it."""

from typing import Any

from sqlalchemy import select

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.reads.edges import FOLLOW
from models.reads.people import NAMES_BY_ID
from models.shards import Transaction
from models.tables import Counter, Follow, Following, FollowState, User, UserState
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.feeds.follows import settle_follow
from services.mirrored import or_later
from services.mirrors import Edge, apply, transition
from services.outbox import JSON, Job, emit
from services.relationships.names import (
    followed_columns,
    follower_columns,
    names_of,
    rename_followed,
    rename_follower,
)
from services.seen import user_seen
from services.visible import MediaLinks, VisibleUser

FIELD = "userId"


async def follow(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> None:
    """Follows a public account, asks a private one; the second time changes nothing.

    Raises UserFault: NOT_FOUND, and INVALID for oneself; and ShardUnavailable.
    """
    if user_id == viewer.id:
        raise UserFault(UserErrorCode.INVALID, "You cannot follow yourself.", (FIELD,))
    await user_seen(backend, links, viewer.id, user_id, FIELD)
    async with backend.transaction(shard_of(user_id)) as transaction:
        # Held to commit, so that whoever opens an account accepts all who asked before.
        asked = select(User).where(User.id == user_id).with_for_update(read=True)
        followed = (await transaction.session.scalars(asked)).one()
        if followed.state != UserState.ACTIVE:
            raise not_found("person", FIELD)
        edge = await _begin(transaction, viewer, followed)
    if edge is not None:
        names = followed_columns(followed.username, followed.full_name, followed.name_version)
        await _shown_to_follower(backend, viewer.id, user_id, edge, names)


async def _begin(transaction: Transaction, viewer: VisibleUser, followed: User) -> Edge | None:
    gone, pending = FollowState.GONE.value, FollowState.PENDING.value
    edge = await transition(
        transaction,
        Follow,
        {"followed_id": followed.id, "follower_id": viewer.id},
        to_state=pending if followed.is_private else FollowState.ACCEPTED.value,
        from_states=[None, gone] if followed.is_private else [None, gone, pending],
        values=follower_columns(viewer.username, viewer.full_name, viewer.name_version),
    )
    return await _changed(transaction, EventKind.FOLLOWED, viewer.id, followed.id, edge)


async def unfollow(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
    """Ends a follow, or takes back the asking; changes nothing where there is neither.

    Raises UserFault (NOT_FOUND) and ShardUnavailable.
    """
    followed = await user_seen(backend, links, viewer_id, user_id, FIELD)
    async with backend.transaction(shard_of(user_id)) as transaction:
        edge = await transition(
            transaction,
            Follow,
            {"followed_id": user_id, "follower_id": viewer_id},
            to_state=FollowState.GONE.value,
            from_states=[FollowState.ACCEPTED.value, FollowState.PENDING.value],
        )
        await _changed(transaction, EventKind.UNFOLLOWED, viewer_id, user_id, edge)
    if edge is not None:
        names = followed_columns(followed.username, followed.full_name, followed.name_version)
        await _shown_to_follower(backend, viewer_id, user_id, edge, names)


async def _changed(
    transaction: Transaction, kind: EventKind, follower_id: int, followed_id: int, edge: Edge | None
) -> Edge | None:
    if edge is not None:
        accepted = edge.entered(FollowState.ACCEPTED)
        await counts.add(transaction, followed_id, Counter.FOLLOWERS, accepted)
        happened: dict[str, JSON] = {
            "follower_id": follower_id,
            "followed_id": followed_id,
            "version": edge.version,
            "state": edge.after,
        }
        await emit(transaction, kind, happened)
    return edge


async def _shown_to_follower(
    backend: Backend, follower_id: int, followed_id: int, edge: Edge, names: dict[str, Any]
) -> None:
    await or_later(mirror_follow(backend, follower_id, followed_id, edge, names))
    if FollowState.ACCEPTED in (edge.before, edge.after):
        await or_later(settle_follow(backend, follower_id, followed_id))


async def mirror_follow(
    backend: Backend, follower_id: int, followed_id: int, told: Edge, names: dict[str, Any]
) -> None:
    """Tells the follower's shard what the truth said. Raises ShardUnavailable."""
    async with backend.transaction(shard_of(follower_id)) as transaction:
        change = await apply(
            transaction,
            Following,
            {"follower_id": follower_id, "followed_id": followed_id},
            {"since": told.since, **names},
            version=told.version,
            state=told.after,
        )
        accepted = change.entered(FollowState.ACCEPTED)
        await counts.add(transaction, follower_id, Counter.FOLLOWING, accepted)


async def repair_follow(job: Job) -> None:
    """For FOLLOWED and UNFOLLOWED: brings the mirror to what the truth says now, and the names on both sides.

    The names are read behind the mirror: who is renamed after that finds both edges (`refresh_names`), who was before
    is caught here. Raises ShardUnavailable.
    """
    backend = job.backend
    follower_id, followed_id = job.payload["follower_id"], job.payload["followed_id"]
    for row in await backend.reader().on_shard_of(followed_id, FOLLOW, followed_id, follower_id):
        told = Edge(None, row["after"], row["version"], row["since"])
        names = followed_columns(row["username"], row["full_name"], row["name_version"])
        await mirror_follow(backend, follower_id, followed_id, told, names)
    for user in await backend.reader().on_shard_of(followed_id, NAMES_BY_ID, [followed_id]):
        await rename_followed(backend, followed_id, [follower_id], names_of(user))
    for user in await backend.reader().on_shard_of(follower_id, NAMES_BY_ID, [follower_id]):
        await rename_follower(backend, follower_id, [followed_id], names_of(user))
