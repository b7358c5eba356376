"""Close friends: with whom one shares what others do not see. On the own shard; who is one is not told."""

from sqlalchemy import text

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.shards import Transaction
from models.tables import CloseFriend, CloseFriendState
from services.backend import Backend
from services.mirrors import transition
from services.relationships.edges import FIELD, refuse_blocked
from services.relationships.gate import hold
from services.relationships.limits import MOST_CLOSE_FRIENDS, refuse_more
from services.seen import user_seen
from services.visible import MediaLinks

_CLOSE = text("""
    SELECT count(*) FROM close_friends WHERE user_id = :user_id AND friend_id <> :other_id AND state = 'CLOSE'
""")


async def add_close_friend(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
    """Anyone whom the viewer may see. The second time changes nothing.

    Raises UserFault: NOT_FOUND, INVALID for oneself, QUOTA_EXCEEDED; and ShardUnavailable.
    """
    if user_id == viewer_id:
        raise UserFault(UserErrorCode.INVALID, "You cannot be your own close friend.", (FIELD,))
    await user_seen(backend, links, viewer_id, user_id, FIELD)
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await hold(transaction, viewer_id)
        await refuse_blocked(transaction, viewer_id, user_id)
        await refuse_more(transaction, _CLOSE, viewer_id, user_id, MOST_CLOSE_FRIENDS, "have as close friends")
        await transition(
            transaction,
            CloseFriend,
            {"user_id": viewer_id, "friend_id": user_id},
            to_state=CloseFriendState.CLOSE.value,
            from_states=[None, CloseFriendState.GONE.value],
        )


async def remove_close_friend(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
    """The opposite; raises UserFault (NOT_FOUND) and ShardUnavailable."""
    await user_seen(backend, links, viewer_id, user_id, FIELD)
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await end_close_friend(transaction, viewer_id, user_id)


async def end_close_friend(transaction: Transaction, user_id: int, friend_id: int) -> None:
    """On the shard of the one who shares."""
    await transition(
        transaction,
        CloseFriend,
        {"user_id": user_id, "friend_id": friend_id},
        to_state=CloseFriendState.GONE.value,
        from_states=[CloseFriendState.CLOSE.value],
    )
