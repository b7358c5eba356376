"""The mark of those who are who they say they are."""

from sqlalchemy import update

from models.ids import shard_of
from models.tables import User
from services.backend import Backend


async def set_verified(backend: Backend, user_id: int, *, is_verified: bool) -> bool:
    """Whether it changed anything. Raises ShardUnavailable."""
    async with backend.transaction(shard_of(user_id)) as transaction:
        changed = await transaction.session.execute(
            update(User)
            .where(User.id == user_id, User.is_verified.is_(not is_verified))
            .values(is_verified=is_verified)
            .returning(User.id)
        )
        return changed.scalar_one_or_none() is not None
