"""Several families in one process."""

import asyncio

import pytest
from arq.worker import Worker
from redis.exceptions import ConnectionError as RedisConnectionError

from services.backend import Backend
from services.consequences import Family
from services.outbox import Job
from tests.services.outbox_rows import claimed, emitted
from workers.family import JobFamily
from workers.queue import enqueue, open_queue
from workers.worker import make_worker, run_workers

ENDS_SOON = 5


async def test_each_family_is_served_while_another_is_busy(own_backend: Backend) -> None:
    began, released = asyncio.Event(), asyncio.Event()

    async def long(_: Job) -> None:
        await asyncio.wait_for(released.wait(), ENDS_SOON)

    async def short(_: Job) -> None:
        began.set()

    busy = JobFamily(Family.MEDIA, 10, concurrency=1, functions={"welcome_notification": long})
    idle = JobFamily(Family.REWORK, 10, concurrency=1, functions={"welcome_notification": short})
    told_to_stop = asyncio.Event()
    async with open_queue(own_backend.settings.queue_url) as queue:
        workers = [make_worker(own_backend, queue, family) for family in (busy, idle)]
        running = asyncio.create_task(run_workers(workers, told_to_stop))
        for family in (busy, idle):
            one = await claimed(own_backend, await emitted(own_backend, 1))
            await enqueue(queue, family, one)
        await asyncio.wait_for(began.wait(), ENDS_SOON)
        released.set()
        told_to_stop.set()
        await asyncio.wait_for(running, ENDS_SOON)


async def test_where_one_ends_all_end(own_backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = asyncio.Event()

    async def goes_or_waits(worker: Worker, told_to_stop: asyncio.Event) -> None:
        if worker.ctx["family"].family is Family.MEDIA:
            raise RedisConnectionError("gone")
        await told_to_stop.wait()
        stopped.set()

    monkeypatch.setattr("workers.worker.run_worker", goes_or_waits)
    async with open_queue(own_backend.settings.queue_url) as queue:
        families = [JobFamily(kind, 10, 1, {}) for kind in (Family.MEDIA, Family.REWORK)]
        workers = [make_worker(own_backend, queue, family) for family in families]
        with pytest.raises(RedisConnectionError, match="gone"):
            await run_workers(workers, asyncio.Event())
    assert stopped.is_set()
