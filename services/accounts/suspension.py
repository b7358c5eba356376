"""Suspending people: gone from every road, and signed out of nothing, so that all is back when it is lifted.

What they did is withheld, and what counts it counts without, by the jobs of the events (`services/withholding.py`).
"""

from sqlalchemy import update

from models.ids import shard_of
from models.tables import User, UserState
from services.backend import Backend
from services.consequences import EventKind
from services.live import session_channel
from services.outbox import emit
from services.relationships.gate import close_gate
from services.withdrawals import withdraw_owner


async def suspend(backend: Backend, user_id: int) -> bool:
    """Whether it changed anything: who is suspended stays so, and a deleted account is left alone. Tokens are refused
    from the commit on, URLs of the user's pictures die, and sockets are told to close. Raises ShardUnavailable."""
    changed = await _change(backend, user_id, UserState.ACTIVE, UserState.SUSPENDED, EventKind.USER_SUSPENDED)
    # Also where nothing changed: whoever suspended before may have died ahead of this line.
    await backend.publish(session_channel(user_id), b"")
    return changed


async def restore(backend: Backend, user_id: int) -> bool:
    """The opposite of `suspend`; raises the same."""
    return await _change(backend, user_id, UserState.SUSPENDED, UserState.ACTIVE, EventKind.USER_RESTORED)


async def _change(backend: Backend, user_id: int, before: UserState, after: UserState, kind: EventKind) -> bool:
    async with backend.transaction(shard_of(user_id)) as transaction:
        await close_gate(transaction, user_id)
        changed = await transaction.session.execute(
            update(User)
            .where(User.id == user_id, User.state == before.value)
            .values(state=after.value)
            .returning(User.id)
        )
        if changed.scalar_one_or_none() is None:
            return False
        if after is UserState.SUSPENDED:
            await withdraw_owner(transaction, user_id)
        await emit(transaction, kind, {"user_id": user_id})
        return True
