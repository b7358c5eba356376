"""The tries of a delivery, as a worker makes them: begun, then finished, failed, postponed, given back, or deferred to
another that takes its work along."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text

from models.ids import shard_of
from models.shards import NAMED, Transaction
from services.backend import Backend
from services.consequences import EventKind
from services.deliveries import Claimed
from services.outbox import Job, Superseded

# What is of one delivery is one statement, in one round trip: $1 its shard, $2 its event, $3 its handler.
_BEGIN = f"""
    UPDATE deliveries d
    SET state = 'ENQUEUED', attempts = d.attempts + 1, started_at = clock_now(),
        due_at = clock_now() + make_interval(secs => $5)
    FROM events e, {NAMED}
    WHERE named.shard = $1 AND d.event_id = $2 AND d.handler = $3 AND d.attempts = $4
      AND d.state IN ('PENDING', 'ENQUEUED') AND e.id = d.event_id
    RETURNING e.kind, e.payload, d.attempts, d.progress, e.correlation_id
"""  # noqa: S608  put together from constants


async def begin(backend: Backend, claimed: Claimed, lease_seconds: float) -> Job | None:
    """Counts the try, and gives it a lease. The sweeper takes back what is not finished when that has run out.

    None if it was begun, finished or given up in the meantime. Raises ShardUnavailable.
    """
    rows = await backend.shards.statement(
        shard_of(claimed.event_id), _BEGIN, claimed.event_id, claimed.handler, claimed.attempts, lease_seconds
    )
    if not rows:
        return None
    kind, payload, attempt, progress, correlation_id = rows[0]
    return Job(
        backend=backend,
        event_id=claimed.event_id,
        kind=EventKind(kind),
        handler=claimed.handler,
        payload=payload,
        attempt=attempt,
        progress=progress,
        lease_seconds=lease_seconds,
        correlation_id=correlation_id,
    )


_RENEW = f"""
    UPDATE deliveries SET due_at = clock_now() + make_interval(secs => $5) FROM {NAMED}
    WHERE named.shard = $1 AND event_id = $2 AND handler = $3 AND attempts = $4 AND state = 'ENQUEUED'
    RETURNING state
"""  # noqa: S608  put together from constants


async def renew(job: Job) -> bool:
    """Gives the try its lease anew; false if it has lost it. Raises ShardUnavailable."""
    return await _change(job, _RENEW, job.attempt, job.lease_seconds) is not None


_FINISH = f"""
    UPDATE deliveries SET state = 'DONE', done_at = clock_now(), started_at = NULL, last_error = NULL FROM {NAMED}
    WHERE named.shard = $1 AND event_id = $2 AND handler = $3 AND state <> 'DONE'
    RETURNING state
"""  # noqa: S608  put together from constants


async def finish(job: Job) -> None:
    """Marks it DONE: also where its lease ran out before, since the handler has committed. Raises ShardUnavailable."""
    await _change(job, _FINISH)


_FINISH_WITHIN = text("""
    UPDATE deliveries SET state = 'DONE', done_at = clock_now(), started_at = NULL, last_error = NULL
    WHERE event_id = :event_id AND handler = :handler AND attempts = :attempt AND state = 'ENQUEUED'
    RETURNING state
""")


async def finish_within(transaction: Transaction, job: Job) -> None:
    """Marks it DONE in the transaction of what it does, so that this is done once. Raises Superseded."""
    values = {"event_id": job.event_id, "handler": job.handler, "attempt": job.attempt}
    if (await transaction.session.execute(_FINISH_WITHIN, values)).scalar_one_or_none() is None:
        raise Superseded


# A random part keeps those that failed together from coming back together.
_RETRY = f"""
    UPDATE deliveries
    SET state = CASE WHEN $5 AND attempts - forgiven >= $6 THEN 'DEAD' ELSE 'PENDING' END,
        forgiven = CASE WHEN $5 THEN forgiven ELSE forgiven + 1 END,
        due_at = clock_now() + make_interval(secs => least(
            $8::float8, $7::float8 * power(2, least(attempts, 30) - 1)) * (0.5 + random() / 2)),
        last_error = $9, started_at = NULL
    FROM {NAMED}
    WHERE named.shard = $1 AND event_id = $2 AND handler = $3 AND attempts = $4 AND state = 'ENQUEUED'
    RETURNING state
"""  # noqa: S608  put together from constants


async def fail(job: Job, error: str) -> str | None:
    """The new state after a failed try: PENDING after a wait, or DEAD; None if the try was superseded.

    Raises ShardUnavailable.
    """
    return await _retry(job, error, counted=True, longest=job.backend.settings.job_backoff_max_seconds)


OUTAGE_LONGEST_WAIT = 15.0


async def postpone(job: Job, reason: str) -> None:
    """For a try that failed because a server was away: it waits as after a failure, but is not held against the job.

    Raises ShardUnavailable.
    """
    longest = min(OUTAGE_LONGEST_WAIT, job.backend.settings.job_backoff_max_seconds)
    await _retry(job, reason, counted=False, longest=longest)


async def _retry(job: Job, error: str, *, counted: bool, longest: float) -> str | None:
    settings = job.backend.settings
    waits = (settings.job_max_tries, settings.job_backoff_seconds, longest)
    return await _change(job, _RETRY, job.attempt, counted, *waits, error)


_GIVE_BACK = f"""
    UPDATE deliveries SET state = 'PENDING', forgiven = forgiven + 1, due_at = clock_now(), started_at = NULL
    FROM {NAMED}
    WHERE named.shard = $1 AND event_id = $2 AND handler = $3 AND attempts = $4 AND state = 'ENQUEUED'
    RETURNING state
"""  # noqa: S608  put together from constants


async def give_back(job: Job) -> None:
    """For a try that was stopped by no fault of its own: due at once, and the relay hears of it. Raises
    ShardUnavailable."""
    if await _change(job, _GIVE_BACK, job.attempt):
        await job.backend.wake_relay(shard_of(job.event_id))


_DEFER = f"""
    UPDATE deliveries
    SET forgiven = forgiven + 1, started_at = NULL, due_at = clock_now() + make_interval(secs => $5)
    FROM {NAMED}
    WHERE named.shard = $1 AND event_id = $2 AND handler = $3 AND attempts = $4 AND state = 'ENQUEUED'
      AND started_at IS NOT NULL
    RETURNING state
"""  # noqa: S608  put together from constants


async def defer(job: Job) -> None:
    """For a try whose work another takes along: as if it waited in the queue. Raises ShardUnavailable."""
    await _change(job, _DEFER, job.attempt, job.lease_seconds)


# Whoever changes several deliveries takes them in one order. It tells whether others of the handler wait on the shard.
_FINISH_ALONG = f"""
    WITH undone AS (
        SELECT event_id FROM deliveries
        WHERE event_id = ANY($3::bigint[]) AND handler = $4 AND state <> 'DONE'
        ORDER BY event_id FOR UPDATE
    ), done AS (
        UPDATE deliveries d SET state = 'DONE', done_at = clock_now(), started_at = NULL, last_error = NULL
        FROM undone, {NAMED}
        WHERE d.event_id = undone.event_id AND d.handler = $4 AND named.shard = $1
    )
    SELECT EXISTS (
        SELECT FROM deliveries
        WHERE shard = $2 AND state = 'PENDING' AND handler = $4 AND event_id <> ALL($3::bigint[])
    ) AS waits
"""  # noqa: S608  put together from constants


async def finish_along(job: Job, event_ids: Collection[int]) -> None:
    """Marks the job's own delivery DONE, and those of its handler for other events of the shard, in whatever try they
    are, or dead: who makes one finds that it has been superseded. Raises ShardUnavailable."""
    shard = shard_of(job.event_id)
    [row] = await job.backend.shards.statement(shard, _FINISH_ALONG, shard, [*event_ids], job.handler)
    if row["waits"]:  # what waited for its lane is claimed at once
        await job.backend.wake_relay(shard)
    job.is_done = True


_HAND_OVER = text("""
    UPDATE deliveries d
    SET state = 'PENDING', due_at = clock_now(), started_at = NULL,
        forgiven = d.forgiven + (d.started_at IS NOT NULL)::int
    FROM (
        SELECT event_id FROM deliveries
        JOIN unnest(CAST(:events AS bigint[]), CAST(:attempts AS int[])) AS tried(event, attempt)
            ON event_id = tried.event AND attempts = tried.attempt
        WHERE handler = :handler AND state = 'ENQUEUED'
        ORDER BY event_id FOR UPDATE OF deliveries
    ) deferred
    WHERE d.event_id = deferred.event_id AND d.handler = :handler
""")


async def hand_over(jobs: Sequence[Job]) -> None:
    """Of tries of one handler on one shard that were deferred, or are about to be: they are due at once.

    Raises ShardUnavailable.
    """
    first = jobs[0]
    async with first.backend.transaction(shard_of(first.event_id)) as transaction:
        await transaction.session.execute(
            _HAND_OVER,
            {
                "events": [job.event_id for job in jobs],
                "attempts": [job.attempt for job in jobs],
                "handler": first.handler,
            },
        )
        transaction.has_events = True  # the relay is to look


async def _change(job: Job, statement: str, *arguments: Any) -> str | None:
    """The new state; None if nothing changed."""
    shard = shard_of(job.event_id)
    rows = await job.backend.shards.statement(shard, statement, job.event_id, job.handler, *arguments)
    return rows[0]["state"] if rows else None
