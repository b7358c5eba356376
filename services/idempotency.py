"""What was asked for twice by the same key is done once."""

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from core.errors import UserErrorCode, UserFault
from models.shards import Transaction
from models.tables import IdempotencyKey

LONGEST_KEY = 200


def checked_key(key: str | None, *field: str) -> str | None:
    """As it is. Raises UserFault: TOO_LONG, or INVALID for an empty one and for what cannot be stored."""
    if key is not None and len(key) > LONGEST_KEY:
        raise UserFault(UserErrorCode.TOO_LONG, f"Use {LONGEST_KEY} characters at most.", field or None)
    if (key is not None and not key.isprintable()) or key == "":
        raise UserFault(UserErrorCode.INVALID, "This cannot be a key.", field or None)
    return key


async def claim_key(transaction: Transaction, actor_id: int, operation: str, key: str, result_id: int) -> int:
    """The id of what this key made: `result_id` if the key is new, else what was made before.

    Waits for a transaction that is using the same key. Keys live on the shard of what they make.
    """
    claimed = await transaction.session.execute(
        insert(IdempotencyKey)
        .values(shard=transaction.shard, actor_id=actor_id, operation=operation, key=key, result_id=result_id)
        .on_conflict_do_nothing()
        .returning(IdempotencyKey.result_id)
    )
    if (made := claimed.scalar_one_or_none()) is not None:
        return made
    earlier = await transaction.session.execute(
        select(IdempotencyKey.result_id).where(
            IdempotencyKey.shard == transaction.shard,
            IdempotencyKey.actor_id == actor_id,
            IdempotencyKey.operation == operation,
            IdempotencyKey.key == key,
        )
    )
    return earlier.scalar_one()


async def renew_claim(transaction: Transaction, actor_id: int, operation: str, key: str, result_id: int) -> None:
    """What the key made is this, after all: for who had to claim it before the id could be minted."""
    await transaction.session.execute(
        update(IdempotencyKey)
        .where(
            IdempotencyKey.shard == transaction.shard,
            IdempotencyKey.actor_id == actor_id,
            IdempotencyKey.operation == operation,
            IdempotencyKey.key == key,
        )
        .values(result_id=result_id)
    )
