"""The tries of a delivery, as a worker makes them: begun, then finished, failed, postponed, given back, or deferred to
another that takes its work along."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql import JSONB

from models.ids import shard_of
from services.backend import Backend
from services.consequences import EventKind
from services.deliveries import Claimed
from services.outbox import Job

_BEGIN = text("""
    UPDATE deliveries d
    SET state = 'ENQUEUED', attempts = d.attempts + 1, started_at = clock_now(),
        due_at = clock_now() + make_interval(secs => :lease)
    FROM events e
    WHERE d.event_id = :event_id AND d.handler = :handler AND d.attempts = :attempts
      AND d.state IN ('PENDING', 'ENQUEUED') AND e.id = d.event_id
    RETURNING e.kind, e.payload, d.attempts, d.progress, e.correlation_id
""").columns(payload=JSONB, progress=JSONB)


async def begin(backend: Backend, claimed: Claimed, lease_seconds: float) -> Job | None:
    """Counts the try, and gives it a lease. The sweeper takes back what is not finished when that has run out.

    None if it was begun, finished or given up in the meantime. Raises ShardUnavailable.
    """
    async with backend.transaction(shard_of(claimed.event_id)) as transaction:
        found = await transaction.session.execute(
            _BEGIN,
            {
                "event_id": claimed.event_id,
                "handler": claimed.handler,
                "attempts": claimed.attempts,
                "lease": lease_seconds,
            },
        )
        row = found.one_or_none()
    if row is None:
        return None
    kind, payload, attempt, progress, correlation_id = row
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


_RENEW = text("""
    UPDATE deliveries SET due_at = clock_now() + make_interval(secs => :lease)
    WHERE event_id = :event_id AND handler = :handler AND attempts = :attempt AND state = 'ENQUEUED'
    RETURNING state
""")


async def renew(job: Job) -> bool:
    """Gives the try its lease anew; false if it has lost it. Raises ShardUnavailable."""
    return await _change(job, _RENEW, lease=job.lease_seconds) is not None


_FINISH = text("""
    UPDATE deliveries SET state = 'DONE', done_at = clock_now(), started_at = NULL, last_error = NULL
    WHERE event_id = :event_id AND handler = :handler AND state <> 'DONE'
    RETURNING state
""")


async def finish(job: Job) -> None:
    """Marks it DONE: also where its lease ran out before, since the handler has committed. Raises ShardUnavailable."""
    await _change(job, _FINISH)


# A random part keeps those that failed together from coming back together.
_RETRY = text("""
    UPDATE deliveries
    SET state = CASE WHEN :counted AND attempts - forgiven >= :max_tries THEN 'DEAD' ELSE 'PENDING' END,
        forgiven = CASE WHEN :counted THEN forgiven ELSE forgiven + 1 END,
        due_at = clock_now() + make_interval(secs => least(
            :longest, :first * power(2, least(attempts, 30) - 1)) * (0.5 + random() / 2)),
        last_error = :error, started_at = NULL
    WHERE event_id = :event_id AND handler = :handler AND attempts = :attempt AND state = 'ENQUEUED'
    RETURNING state
""")


async def fail(job: Job, error: str) -> str | None:
    """The new state after a failed try: PENDING after a wait, or DEAD; None if the try was superseded.

    Raises ShardUnavailable.
    """
    settings = job.backend.settings
    return await _change(
        job,
        _RETRY,
        counted=True,
        max_tries=settings.job_max_tries,
        first=settings.job_backoff_seconds,
        longest=settings.job_backoff_max_seconds,
        error=error,
    )


OUTAGE_LONGEST_WAIT = 15.0


async def postpone(job: Job, reason: str) -> None:
    """For a try that failed because a server was away: it waits as after a failure, but is not held against the job.

    Raises ShardUnavailable.
    """
    settings = job.backend.settings
    await _change(
        job,
        _RETRY,
        counted=False,
        max_tries=settings.job_max_tries,
        first=settings.job_backoff_seconds,
        longest=min(OUTAGE_LONGEST_WAIT, settings.job_backoff_max_seconds),
        error=reason,
    )


_GIVE_BACK = text("""
    UPDATE deliveries SET state = 'PENDING', forgiven = forgiven + 1, due_at = clock_now(), started_at = NULL
    WHERE event_id = :event_id AND handler = :handler AND attempts = :attempt AND state = 'ENQUEUED'
    RETURNING state
""")


async def give_back(job: Job) -> None:
    """For a try that was stopped by no fault of its own: due at once. Raises ShardUnavailable."""
    await _change(job, _GIVE_BACK)


_DEFER = text("""
    UPDATE deliveries
    SET forgiven = forgiven + 1, started_at = NULL, due_at = clock_now() + make_interval(secs => :lease)
    WHERE event_id = :event_id AND handler = :handler AND attempts = :attempt AND state = 'ENQUEUED'
      AND started_at IS NOT NULL
    RETURNING state
""")


async def defer(job: Job) -> None:
    """For a try whose work another takes along: as if it waited in the queue. Raises ShardUnavailable."""
    await _change(job, _DEFER, lease=job.lease_seconds)


# Whoever changes several deliveries takes them in one order.
_FINISH_ALONG = text("""
    UPDATE deliveries d SET state = 'DONE', done_at = clock_now(), started_at = NULL, last_error = NULL
    FROM (
        SELECT event_id FROM deliveries
        WHERE event_id = ANY(:events) AND handler = :handler AND state <> 'DONE'
        ORDER BY event_id FOR UPDATE
    ) undone
    WHERE d.event_id = undone.event_id AND d.handler = :handler
""")


_WAITS = text("""
    SELECT EXISTS (SELECT FROM deliveries WHERE shard = :shard AND state = 'PENDING' AND handler = :handler)
""")


async def finish_along(job: Job, event_ids: Collection[int]) -> None:
    """Marks the job's own delivery DONE, and those of its handler for other events of the shard, in whatever try they
    are, or dead: who makes one finds that it has been superseded. Raises ShardUnavailable."""
    shard = shard_of(job.event_id)
    async with job.backend.transaction(shard) as transaction:
        await transaction.session.execute(_FINISH_ALONG, {"events": [*event_ids], "handler": job.handler})
        waits = await transaction.session.execute(_WAITS, {"shard": shard, "handler": job.handler})
        transaction.has_events = waits.scalar_one()  # what waited for its lane is claimed at once
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


async def _change(job: Job, statement: TextClause, **values: Any) -> str | None:
    """The new state; None if nothing changed."""
    values |= {"event_id": job.event_id, "handler": job.handler, "attempt": job.attempt}
    async with job.backend.transaction(shard_of(job.event_id)) as transaction:
        changed = await transaction.session.execute(statement, values)
        return changed.scalar_one_or_none()
