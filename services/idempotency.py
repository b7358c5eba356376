"""What was asked for twice by the same key is done once."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from models.shards import Transaction
from models.tables import IdempotencyKey


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
