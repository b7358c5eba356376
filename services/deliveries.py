"""The life of a delivery: PENDING → ENQUEUED → DONE, or DEAD after too many tries.

The relay claims what is due and hands it to the queue. A worker begins it, which counts the try, and runs the
handler under a lease; then it is DONE, or PENDING again after a wait. What the queue or a worker lost is noticed
when its `due_at` has passed, and made PENDING by the sweeper.

Every step names the try by its number (`attempts`), so that whoever comes late changes nothing. Here is what the
relay does; what a worker does is in `services/tries.py`.
"""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import text

from models.reads.reader import Reader
from models.shards import NAMED
from services.backend import Backend
from services.consequences import LANES, WEIGHTS

CLAIMED_AT_ONCE = 20
"""Of a shard in one round, which others wait for: so that a burst of one holds nobody up for long."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that its claimer now has to enqueue. `attempts` tries have begun before; `weight` is how large its
    work is, in bytes, where that is known."""

    event_id: int
    handler: str
    attempts: int
    weight: int = 0


# `(SELECT clock_now())` is asked once per statement, so that the index can be searched for it.
_PENDING_DUE = """
    SELECT owned.shard FROM unnest($1::smallint[]) AS owned(shard)
    WHERE EXISTS (
        SELECT FROM deliveries d
        WHERE d.shard = owned.shard AND d.state = 'PENDING' AND d.due_at <= (SELECT clock_now()) AND d.handler = ANY($2)
    )
"""
_OVERDUE = """
    SELECT owned.shard FROM unnest($1::smallint[]) AS owned(shard)
    WHERE EXISTS (
        SELECT FROM deliveries d
        WHERE d.shard = owned.shard AND d.state = 'ENQUEUED' AND d.due_at <= (SELECT clock_now())
    )
"""


async def due_shards(reader: Reader, handlers: Collection[str]) -> list[int]:
    """Shards with deliveries to enqueue: one statement per node. Those of a node that does not answer are left out."""
    return await _shards_where(reader, _PENDING_DUE, list(handlers))


async def overdue_shards(reader: Reader) -> list[int]:
    """Shards with deliveries that the queue or a worker seems to have lost."""
    return await _shards_where(reader, _OVERDUE)


async def _shards_where(reader: Reader, sql: str, *arguments: list[str]) -> list[int]:
    shards = reader.shards
    nodes = range(shards.node_count)
    answers = await asyncio.gather(*(reader.on_node(node, sql, shards.shards_on(node), *arguments) for node in nodes))
    return [row["shard"] for rows in answers for row in rows]


# What was begun goes first. Of those that have a lane one at a time: whatever waits is taken along by it. What was
# begun waits for none that was not: that may have deferred to it, and would be waited for until the sweeper finds it.
_CLAIM = f"""
    WITH lanes AS (
        SELECT * FROM unnest($4::text[], $5::text[]) AS lanes(handler, name)
    ), busy AS (
        SELECT d.handler, e.payload ->> lanes.name AS lane, d.progress IS NOT NULL AS begun
        FROM lanes
        JOIN deliveries d ON d.shard = $2 AND d.state = 'ENQUEUED' AND d.handler = lanes.handler
        JOIN events e ON e.id = d.event_id
    ), due AS (
        SELECT d.event_id, d.handler, d.due_at, d.progress, e.payload ->> lanes.name AS lane
        FROM deliveries d
        LEFT JOIN lanes ON lanes.handler = d.handler
        LEFT JOIN events e ON e.id = d.event_id AND lanes.name IS NOT NULL
        WHERE d.shard = $2 AND d.state = 'PENDING'
          AND d.due_at <= (SELECT clock_now()) AND d.handler = ANY($3)
          AND NOT EXISTS (
              SELECT FROM busy
              WHERE busy.handler = d.handler AND busy.lane = e.payload ->> lanes.name
                AND (busy.begun OR d.progress IS NULL)
          )
        ORDER BY d.progress IS NULL, d.due_at LIMIT $6
        FOR UPDATE OF d SKIP LOCKED
    ), chosen AS (
        SELECT DISTINCT ON (handler, coalesce(lane, event_id::text)) event_id, handler
        FROM due ORDER BY handler, coalesce(lane, event_id::text), progress IS NULL, due_at, event_id
    )
    UPDATE deliveries d
    SET state = 'ENQUEUED', started_at = NULL, due_at = clock_now() + make_interval(secs => $7)
    FROM chosen, {NAMED}
    WHERE d.event_id = chosen.event_id AND d.handler = chosen.handler AND named.shard = $1
    RETURNING d.event_id, d.handler, d.attempts, (SELECT count(*) FROM due) AS due, (
        SELECT (e.payload ->> weights.name)::bigint
        FROM unnest($8::text[], $9::text[]) AS weights(handler, name), events e
        WHERE weights.handler = d.handler AND e.id = d.event_id
    ) AS weight
"""  # noqa: S608  put together from constants


class Claims(list[Claimed]):
    """What was claimed in a round. `is_full`: there may be more that is due."""

    is_full = False


async def claim(backend: Backend, shard: int, handlers: Collection[str]) -> Claims:
    """Up to CLAIMED_AT_ONCE of the shard's due deliveries, which no other relay gets; of those in a lane
    (`services/consequences.py`) one while none is in the queue. One round trip. Raises ShardUnavailable."""
    found = await backend.shards.statement(
        shard,
        _CLAIM,
        shard,
        list(handlers),
        list(LANES),
        list(LANES.values()),
        CLAIMED_AT_ONCE,
        backend.settings.sweep_after_seconds,
        list(WEIGHTS),
        list(WEIGHTS.values()),
    )
    claims = Claims(Claimed(row["event_id"], row["handler"], row["attempts"], row["weight"] or 0) for row in found)
    claims.is_full = bool(found) and found[0]["due"] == CLAIMED_AT_ONCE
    return claims


_PUT_BACK = text("""
    UPDATE deliveries d SET state = 'PENDING', due_at = clock_now()
    FROM (
        SELECT event_id, handler FROM deliveries
        WHERE (event_id, handler, attempts) IN (
            SELECT * FROM unnest(CAST(:events AS bigint[]), CAST(:handlers AS text[]), CAST(:attempts AS int[]))
        ) AND state = 'ENQUEUED'
        ORDER BY event_id, handler FOR UPDATE
    ) c
    WHERE d.event_id = c.event_id AND d.handler = c.handler
""")


async def put_back(backend: Backend, shard: int, claimed: Collection[Claimed]) -> None:
    """What could not be enqueued is due again. Raises ShardUnavailable; then the sweeper finds it."""
    async with backend.transaction(shard) as transaction:
        await transaction.session.execute(
            _PUT_BACK,
            {
                "events": [one.event_id for one in claimed],
                "handlers": [one.handler for one in claimed],
                "attempts": [one.attempts for one in claimed],
            },
        )


# What a worker began counts as tried: it may have died of it. What was never begun goes round again. What somebody
# changes at this moment is not lost.
_SWEEP = text("""
    UPDATE deliveries d
    SET state = CASE WHEN attempts - forgiven >= :max_tries THEN 'DEAD' ELSE 'PENDING' END,
        last_error = CASE WHEN started_at IS NULL THEN last_error ELSE 'the worker was lost' END,
        due_at = clock_now(), started_at = NULL
    FROM (
        SELECT event_id, handler FROM deliveries
        WHERE shard = :shard AND state = 'ENQUEUED' AND due_at <= (SELECT clock_now())
        FOR UPDATE SKIP LOCKED
    ) lost
    WHERE d.event_id = lost.event_id AND d.handler = lost.handler
    RETURNING d.state
""")


async def sweep(backend: Backend, shard: int) -> list[str]:
    """Takes back what is overdue; returns the new state of each. Raises ShardUnavailable."""
    async with backend.transaction(shard) as transaction:
        rows = await transaction.session.execute(_SWEEP, {"shard": shard, "max_tries": backend.settings.job_max_tries})
        return list(rows.scalars())
