"""An account that becomes public accepts who had asked to follow it: those who wait at that moment, and no others."""

from sqlalchemy import text

from core import clock
from models.ids import shard_of
from models.shards import Transaction
from models.tables import Counter
from services import counts
from services.consequences import EventKind
from services.outbox import JSON, Job, Unfinished, emit, emit_many

AT_ONCE = 500
TURN_SECONDS = 5.0

_NOW = text("SELECT (extract(epoch FROM clock_now()) * 1000000)::bigint")
_ACCEPT = text("""
    WITH waiting AS (
        SELECT followed_id, follower_id FROM follows
        WHERE followed_id = :user_id AND state = 'PENDING'
          AND (CAST(:moment AS bigint) IS NULL OR since <= 'epoch'::timestamptz + :moment * interval '1 microsecond')
        ORDER BY since, follower_id LIMIT :at_once FOR UPDATE
    )
    UPDATE follows f
    SET state = 'ACCEPTED', previous_state = f.state, version = f.version + 1, since = clock_now()
    FROM waiting WHERE f.followed_id = waiting.followed_id AND f.follower_id = waiting.follower_id
    RETURNING f.follower_id, f.version, f.withheld
""")


async def open_account(transaction: Transaction, user_id: int) -> None:
    """In the transaction that makes the account public, whose gate it holds alone: whoever asked before has committed,
    and who follows from now on needs not to ask. Accepts the first AT_ONCE here, whatever the clock says of when they
    asked; the rest is for `accept_waiting`."""
    moment = int((await transaction.session.execute(_NOW)).scalar_one())
    if await _accept(transaction, user_id, None) == AT_ONCE:
        await emit(transaction, EventKind.ACCOUNT_OPENED, {"user_id": user_id, "moment": moment})


async def accept_waiting(job: Job) -> None:
    """For ACCOUNT_OPENED: accepts who waited at that moment, also where the account is private again by now. What was
    declined or taken back meanwhile stays so.

    Raises ShardUnavailable, and Unfinished where there is more to do. The progress is {"accepted": how many}.
    """
    user_id, moment = job.payload["user_id"], job.payload["moment"]
    accepted = (job.progress or {"accepted": 0})["accepted"]
    began = clock.monotonic()
    while True:
        async with job.backend.transaction(shard_of(user_id)) as transaction:
            some = await _accept(transaction, user_id, moment)
        if some < AT_ONCE:
            return
        accepted += some
        await job.save_progress({"accepted": accepted})
        if clock.monotonic() - began > TURN_SECONDS:
            raise Unfinished


async def _accept(transaction: Transaction, user_id: int, moment: int | None) -> int:
    """The next AT_ONCE, those who asked first; how many there were."""
    asked = {"user_id": user_id, "moment": moment, "at_once": AT_ONCE}
    rows = (await transaction.session.execute(_ACCEPT, asked)).all()
    await counts.add(transaction, user_id, Counter.FOLLOWERS, sum(not row.withheld for row in rows))
    happened: list[dict[str, JSON]] = [
        {"follower_id": row.follower_id, "followed_id": user_id, "version": row.version, "state": "ACCEPTED"}
        for row in rows
    ]
    await emit_many(transaction, EventKind.FOLLOWED, happened)
    return len(rows)
