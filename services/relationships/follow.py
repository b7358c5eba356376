"""Following, and following no more."""

from sqlalchemy import select

from core.errors import UserErrorCode, UserFault, not_found
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Follow, FollowState, User, UserState
from services.backend import Backend
from services.consequences import EventKind
from services.mirrors import Edge, transition
from services.relationships.edges import FIELD, changed, end_follow, refuse_blocked, shown_to_follower
from services.relationships.names import followed_columns, follower_columns
from services.seen import user_seen
from services.visible import MediaLinks, VisibleUser


async def follow(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> None:
    """Follows a public account, asks a private one; the second time changes nothing.

    Raises UserFault: NOT_FOUND, and INVALID for oneself; and ShardUnavailable.
    """
    if user_id == viewer.id:
        raise UserFault(UserErrorCode.INVALID, "You cannot follow yourself.", (FIELD,))
    await user_seen(backend, links, viewer.id, user_id, FIELD)
    async with backend.transaction(shard_of(user_id)) as transaction:
        # Held to commit: whoever opens an account accepts all who asked before, and a block sees what it has to end.
        asked = select(User).where(User.id == user_id).with_for_update(read=True)
        followed = (await transaction.session.scalars(asked)).one()
        if followed.state != UserState.ACTIVE:
            raise not_found("person", FIELD)
        await refuse_blocked(transaction, user_id, viewer.id)
        edge = await _begin(transaction, viewer, followed)
    names = followed_columns(followed.username, followed.full_name, followed.name_version)
    await shown_to_follower(backend, viewer.id, user_id, edge, names)


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
    return await changed(transaction, EventKind.FOLLOWED, viewer.id, followed.id, edge)


async def unfollow(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
    """Ends a follow, or takes back the asking; changes nothing where there is neither.

    Raises UserFault (NOT_FOUND) and ShardUnavailable.
    """
    followed = await user_seen(backend, links, viewer_id, user_id, FIELD)
    async with backend.transaction(shard_of(user_id)) as transaction:
        edge = await end_follow(transaction, viewer_id, user_id)
    names = followed_columns(followed.username, followed.full_name, followed.name_version)
    await shown_to_follower(backend, viewer_id, user_id, edge, names)
