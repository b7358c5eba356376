"""One try of one delivery, as arq runs it: under a lease and a time-out, and with its end written down."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import structlog
from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix
from redis.exceptions import ClusterDownError, OutOfMemoryError, ReadOnlyError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core import clock
from core.crash import crash_point
from core.errors import ShardUnavailable
from media.errors import CdnUnavailable, StorageUnavailable
from services import tries
from services.backend import Backend
from services.deliveries import Claimed
from services.outbox import Deferred, Job, Superseded, Unfinished
from workers.family import JobFamily

OUTAGES = (
    ShardUnavailable,
    StorageUnavailable,
    CdnUnavailable,
    RedisConnectionError,
    RedisTimeoutError,
    OutOfMemoryError,
    ReadOnlyError,
    ClusterDownError,
)
"""A server is away, or takes no writes: no fault of the job, which waits until it does again."""
log = structlog.get_logger("job")


async def deliver(context: dict[str, Any], event_id: int, handler: str, attempts: int) -> None:
    """arq's function. Whatever becomes of the try is in the database, so it raises only when it is stopped."""
    backend: Backend = context["backend"]
    family: JobFamily = context["family"]
    claimed = Claimed(event_id, handler, attempts)
    try:
        job = await tries.begin(backend, claimed, backend.settings.sweep_after_seconds)
    except ShardUnavailable:
        log.warning("job_out_of_reach", event_id=event_id, handler=handler)
        return
    if job is None:  # another try was faster
        return
    with structlog.contextvars.bound_contextvars(
        correlation_id=job.correlation_id, event_id=event_id, handler=handler, attempt=job.attempt
    ):
        try:
            async with _leased(job, context):
                await _run(job, family)
        except ShardUnavailable:  # the sweeper notices when the lease has run out
            log.warning("job_end_not_written")


async def _run(job: Job, family: JobFamily) -> None:
    began = clock.monotonic()
    try:
        crash_point("worker.before_handler")
        async with asyncio.timeout(family.timeout_seconds):
            await family.functions[job.handler](job)
    except Superseded:
        log.warning("job_superseded")
    except Unfinished:
        await tries.give_back(job)
    except Deferred:
        await tries.defer(job)
    except asyncio.CancelledError:  # the worker was told to stop
        await asyncio.shield(tries.give_back(job))
        raise
    except OUTAGES as fault:
        log.warning("job_postponed", fault=repr(fault))
        await tries.postpone(job, repr(fault))
    except Exception as fault:
        state = await tries.fail(job, repr(fault))
        log.exception("job_failed", state=state)
    else:
        crash_point("worker.before_done")
        if not job.is_done:
            await tries.finish(job)
        log.info("job_done", kind=job.kind.value, milliseconds=round((clock.monotonic() - began) * 1000, 1))


@contextlib.asynccontextmanager
async def _leased(job: Job, context: dict[str, Any]) -> AsyncIterator[None]:
    """Renews the lease while the handler works, so that it can be short: how soon a killed worker is noticed."""
    keeper = asyncio.create_task(_renew(job, context["redis"], in_progress_key_prefix + context["job_id"]))
    try:
        yield
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def _renew(job: Job, queue: ArqRedis, lock: str) -> None:
    """The lease is ours, in the store; arq's lock keeps other workers from looking at the job for nothing."""
    while True:
        await asyncio.sleep(job.lease_seconds / 4)
        try:
            if not await tries.renew(job):
                log.warning("lease_lost")
                return
            await queue.pexpire(lock, int(job.lease_seconds * 1000))
        except Exception:  # the next one may come through; else the sweeper takes the job from us
            log.exception("lease_not_renewed")
