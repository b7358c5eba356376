"""An arq worker of one family."""

import asyncio
import contextlib
from typing import cast

from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func

from services.backend import Backend
from workers.family import JobFamily
from workers.job import deliver
from workers.queue import DELIVER

POLL_SECONDS = 0.1
DRAIN_SECONDS = 1
CANCEL_SECONDS = 0.5


def make_worker(backend: Backend, queue: ArqRedis, family: JobFamily, *, handle_signals: bool = True) -> Worker:
    """Call inside the event loop that it is to run in."""
    worker = Worker(
        functions=[func(cast(WorkerCoroutine, deliver), name=DELIVER)],
        queue_name=family.queue,
        redis_pool=queue,
        ctx={"backend": backend, "family": family},
        max_jobs=family.concurrency,
        # Ours ends a job first.
        job_timeout=family.timeout_seconds + 5,
        # Tries are counted in the deliveries. A kept result would keep its job's id from being used again.
        max_tries=1_000_000,
        keep_result=0,
        poll_delay=POLL_SECONDS,
        job_completion_wait=DRAIN_SECONDS,
        handle_signals=handle_signals,
        log_results=False,
        job_serializer=queue.job_serializer,
        job_deserializer=queue.job_deserializer,
    )
    # How long arq's lock on a job outlives its worker; while the job runs, `workers/job.py` renews it.
    worker.in_progress_timeout_s = backend.settings.sweep_after_seconds
    return worker


async def run_worker(worker: Worker) -> None:
    """Runs until SIGTERM, then lets jobs end for DRAIN_SECONDS. Raises RedisError or OSError when the queue is gone.

    Either way, what still runs is stopped, and given back so that others go on with it at once.
    """
    try:
        with contextlib.suppress(asyncio.CancelledError):
            await worker.async_run()
    finally:
        running = [*worker.job_tasks.values()]
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CANCEL_SECONDS)
        ends = [*worker.tasks.values()]
        if ends:
            await asyncio.wait(ends, timeout=CANCEL_SECONDS)
            await asyncio.gather(*(task for task in ends if task.done()), return_exceptions=True)
