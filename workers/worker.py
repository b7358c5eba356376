"""An arq worker of one family."""

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, cast

from arq.connections import ArqRedis
from arq.typing import WorkerCoroutine
from arq.worker import Worker, func

from services.backend import Backend
from workers.family import JobFamily
from workers.job import deliver
from workers.loops import end
from workers.queue import DELIVER

POLL_SECONDS = 0.05
DRAIN_SECONDS = 1
CANCEL_SECONDS = 0.5


class EagerWorker(Worker):
    """arq's, which also looks into its queue when a job has ended, not only at each poll, and passes over what it has
    in work itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._ended = asyncio.Event()

    async def main(self) -> None:
        self.ctx["redis"] = self.pool
        while True:
            self._ended.clear()
            await self._poll_iteration()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.poll_delay_s):
                    await self._ended.wait()

    async def start_jobs(self, job_ids: list[bytes]) -> None:
        await super().start_jobs([job_id for job_id in job_ids if job_id.decode() not in self.tasks])

    def _release_sem_dec_counter_on_complete(self) -> None:
        super()._release_sem_dec_counter_on_complete()
        self._ended.set()


def make_worker(backend: Backend, queue: ArqRedis, family: JobFamily) -> Worker:
    """Call inside the event loop that it is to run in."""
    worker = EagerWorker(
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
        # arq's own handling of signals misses one that comes while the worker starts.
        handle_signals=False,
        log_results=False,
        job_serializer=queue.job_serializer,
        job_deserializer=queue.job_deserializer,
    )
    # How long arq's lock on a job outlives its worker; while the job runs, `workers/job.py` renews it.
    worker.in_progress_timeout_s = backend.settings.sweep_after_seconds
    return worker


async def run_worker(worker: Worker, told_to_stop: asyncio.Event) -> None:
    """Runs until it is told to stop, then lets jobs end for DRAIN_SECONDS. Raises RedisError or OSError when the
    queue is gone.

    Either way, what still runs is cut off, and given back so that others go on with it at once.
    """
    running = asyncio.create_task(worker.async_run())
    stopping = asyncio.create_task(told_to_stop.wait())
    try:
        await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
        worker.allow_pick_jobs = False
        await _settle(worker.tasks.values(), DRAIN_SECONDS)
    finally:
        for task in (*worker.job_tasks.values(), stopping):
            task.cancel()
        await _settle([*worker.job_tasks.values(), *worker.tasks.values()], CANCEL_SECONDS)
        await end(running)
    if not running.cancelled():
        running.result()


async def run_workers(workers: Sequence[Worker], told_to_stop: asyncio.Event) -> None:
    """`run_worker` for each, beside each other; where one ends, all do. Raises what the first to fail raised."""
    running = [asyncio.create_task(run_worker(worker, told_to_stop)) for worker in workers]
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    finally:
        told_to_stop.set()
        ends = await asyncio.gather(*running, return_exceptions=True)
    for end_of_one in ends:
        if isinstance(end_of_one, BaseException):
            raise end_of_one


async def _settle(tasks: Iterable[asyncio.Task[Any]], seconds: float) -> None:
    """Waits for them so long; what they raise is nobody's concern any more."""
    pending = list(tasks)
    if pending:
        done, _ = await asyncio.wait(pending, timeout=seconds)
        await asyncio.gather(*done, return_exceptions=True)
