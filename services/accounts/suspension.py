"""Suspending people: gone from every road, and signed out of nothing, so that all is back when it is lifted."""

from sqlalchemy import update

from models.ids import shard_of
from models.tables import User, UserState
from services.backend import Backend
from services.live import session_channel


async def suspend(backend: Backend, user_id: int) -> bool:
    """Whether it changed anything: who is suspended stays so, and a deleted account is left alone. Tokens are refused
    from the commit on, and sockets told to close. Raises ShardUnavailable."""
    changed = await _change(backend, user_id, UserState.ACTIVE, UserState.SUSPENDED)
    # Also where nothing changed: whoever suspended before may have died ahead of this line.
    await backend.publish(session_channel(user_id), b"")
    return changed


async def restore(backend: Backend, user_id: int) -> bool:
    """The opposite of `suspend`; raises the same."""
    return await _change(backend, user_id, UserState.SUSPENDED, UserState.ACTIVE)


async def _change(backend: Backend, user_id: int, before: UserState, after: UserState) -> bool:
    async with backend.transaction(shard_of(user_id)) as transaction:
        changed = await transaction.session.execute(
            update(User)
            .where(User.id == user_id, User.state == before.value)
            .values(state=after.value)
            .returning(User.id)
        )
        return changed.scalar_one_or_none() is not None
