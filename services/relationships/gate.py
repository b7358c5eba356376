"""Who may follow whom is decided at a person's gate, on the person's shard: many follows are begun there at once, and
whatever has to see all of them, or that no further one is begun, passes alone."""

from sqlalchemy import text

from models.shards import Transaction

# A lock by name and not of the row of `users`: rows that many hold shared are given to ever more of them, and who wants
# one alone never gets it. Here whoever comes behind that one waits.
_SHARED = text("SELECT pg_advisory_xact_lock_shared(:user_id)")
_ALONE = text("SELECT pg_advisory_xact_lock(:user_id)")
_ROW = text("SELECT 1 FROM users WHERE id = :user_id FOR NO KEY UPDATE")


async def enter(transaction: Transaction, user_id: int) -> None:
    """Holds the gate of a person of the transaction's shard to the commit, beside others that do. What the next
    statement reads is what those have committed who were alone before."""
    await transaction.session.execute(_SHARED, {"user_id": user_id})


async def close_gate(transaction: Transaction, user_id: int) -> None:
    """Holds the gate alone. Ahead of every row that the transaction holds, so that none waits in a ring."""
    await transaction.session.execute(_ALONE, {"user_id": user_id})


async def hold(transaction: Transaction, user_id: int) -> None:
    """Holds the gate alone, and the person's row: beside nobody who does, or changes the person."""
    await close_gate(transaction, user_id)
    await transaction.session.execute(_ROW, {"user_id": user_id})
