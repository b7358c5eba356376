"""How many people one person may set something about: what is read with every request has to stay small."""

from sqlalchemy import TextClause

from core.errors import UserErrorCode, UserFault
from models.shards import Transaction

MOST_BLOCKED = 10_000
MOST_MUTED = 10_000
MOST_CLOSE_FRIENDS = 10_000


async def refuse_more(  # noqa: PLR0917
    transaction: Transaction, count: TextClause, user_id: int, other_id: int, most: int, what: str
) -> None:
    """To be called while the row of `user_id` is held alone. `count` tells of how many others the person has set it.
    Raises UserFault (QUOTA_EXCEEDED)."""
    others = await transaction.session.execute(count, {"user_id": user_id, "other_id": other_id})
    if others.scalar_one() >= most:
        raise UserFault(UserErrorCode.QUOTA_EXCEEDED, f"You can {what} {most:,} people at most.", ("userId",))
