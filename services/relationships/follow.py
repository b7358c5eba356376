"""Following, and following no more."""

from sqlalchemy import select

from core.crash import crash_point
from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Follow, FollowState, User, UserState
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.mirrors import NOT_WITHHELD, Edge, transition
from services.relationships.edges import (
    FIELD,
    changed,
    end_follow,
    mirror_follow,
    refuse_blocked,
    shown_to_follower,
)
from services.relationships.gate import enter
from services.relationships.names import followed_columns, follower_columns
from services.relationships.reservations import Reservation, refuse_old, release, reserve
from services.seen import user_seen
from services.visible import MediaLinks, VisibleUser


async def follow(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> None:
    """Follows a public account, asks a private one; the second time changes nothing.

    Raises UserFault: NOT_FOUND, INVALID for oneself, QUOTA_EXCEEDED; and ShardUnavailable.
    """
    if user_id == viewer.id:
        raise UserFault(UserErrorCode.INVALID, "You cannot follow yourself.", (FIELD,))
    await user_seen(backend, links, viewer.id, user_id, FIELD)
    reservation = await reserve(backend, viewer.id, user_id)
    crash_point("follow.after_reservation")
    try:
        async with backend.transaction(shard_of(user_id), crash_after_commit="follow.after_commit") as transaction:
            # Held to commit: whoever opens an account accepts all who asked before, a block sees what it has to end.
            await enter(transaction, user_id)
            followed = (await transaction.session.scalars(select(User).where(User.id == user_id))).one()
            await refuse_old(backend, transaction, reservation)
            if followed.state != UserState.ACTIVE:
                raise not_found("person", FIELD)
            await refuse_blocked(transaction, user_id, viewer.id)
            edge = await _begin(transaction, viewer, followed, reservation)
            stands = edge or await _as_it_stands(transaction, viewer.id, user_id)
    except UserFault:
        await release(backend, reservation)
        raise
    names = followed_columns(followed.username, followed.full_name, followed.name_version)
    if edge is None:
        await or_later(mirror_follow(backend, viewer.id, user_id, stands, names, reservation.attempt))
    else:
        await shown_to_follower(backend, viewer.id, user_id, edge, names, reservation.attempt)


async def _begin(
    transaction: Transaction, viewer: VisibleUser, followed: User, reservation: Reservation
) -> Edge | None:
    gone, pending = FollowState.GONE.value, FollowState.PENDING.value
    edge = await transition(
        transaction,
        Follow,
        {"followed_id": followed.id, "follower_id": viewer.id},
        to_state=pending if followed.is_private else FollowState.ACCEPTED.value,
        from_states=[None, gone] if followed.is_private else [None, gone, pending],
        values={**follower_columns(viewer.username, viewer.full_name, viewer.name_version), **NOT_WITHHELD},
    )
    return await changed(transaction, EventKind.FOLLOWED, viewer.id, followed.id, edge, reservation=reservation.attempt)


async def _as_it_stands(transaction: Transaction, follower_id: int, followed_id: int) -> Edge:
    """The follow that there is already. Beside the same follow once more, the one of the two that changes nothing still
    may give its place back only together with a mirror of what it found."""
    asked = select(Follow.state, Follow.version, Follow.since)
    found = await transaction.session.execute(
        asked.where(Follow.followed_id == followed_id, Follow.follower_id == follower_id)
    )
    return Edge(None, *found.one())


async def unfollow(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
    """Ends a follow, or takes back the asking; changes nothing where there is neither.

    Raises UserFault (NOT_FOUND) and ShardUnavailable.
    """
    followed = await user_seen(backend, links, viewer_id, user_id, FIELD)
    async with backend.transaction(shard_of(user_id)) as transaction:
        edge = await end_follow(transaction, viewer_id, user_id)
    names = followed_columns(followed.username, followed.full_name, followed.name_version)
    await shown_to_follower(backend, viewer_id, user_id, edge, names)
