"""How jobs are taken up, and several families in one process."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from arq.worker import Worker
from redis.exceptions import ConnectionError as RedisConnectionError

from core import clock
from core.settings import Settings
from services.backend import Backend
from services.consequences import Family
from services.outbox import Job
from tests.empty_store import empty_store
from tests.services.outbox_rows import claimed, delivery, emitted
from workers import worker
from workers.family import JobFamily
from workers.queue import enqueue, open_queue
from workers.worker import make_worker, run_worker, run_workers

ENDS_SOON = 5


async def test_each_family_is_served_while_another_is_busy(own_backend: Backend) -> None:
    began, released = asyncio.Event(), asyncio.Event()

    async def long(_: Job) -> None:
        await asyncio.wait_for(released.wait(), ENDS_SOON)

    async def short(_: Job) -> None:
        began.set()

    busy = JobFamily(Family.MEDIA, 10, concurrency=1, functions={"welcome_notification": long})
    idle = JobFamily(Family.FILM, 10, concurrency=1, functions={"welcome_notification": short})
    told_to_stop = asyncio.Event()
    async with open_queue(own_backend.settings.queue_url) as queue:
        workers = [make_worker(own_backend, queue, family) for family in (busy, idle)]
        running = asyncio.create_task(run_workers(workers, told_to_stop))
        for family in (busy, idle):
            one = await claimed(own_backend, await emitted(own_backend, 1))
            await enqueue(queue, [(family, one)])
        await asyncio.wait_for(began.wait(), ENDS_SOON)
        released.set()
        told_to_stop.set()
        await asyncio.wait_for(running, ENDS_SOON)


async def test_where_one_ends_all_end(own_backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = asyncio.Event()

    async def goes_or_waits(one: Worker, told_to_stop: asyncio.Event) -> None:
        if one.ctx["family"].family is Family.MEDIA:
            raise RedisConnectionError("gone")
        await told_to_stop.wait()
        stopped.set()

    monkeypatch.setattr("workers.worker.run_worker", goes_or_waits)
    async with open_queue(own_backend.settings.queue_url) as queue:
        families = [JobFamily(kind, 10, 1, {}) for kind in (Family.MEDIA, Family.FILM)]
        workers = [make_worker(own_backend, queue, family) for family in families]
        with pytest.raises(RedisConnectionError, match="gone"):
            await run_workers(workers, asyncio.Event())
    assert stopped.is_set()


@pytest.fixture(scope="module")
async def store(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings, "worker_worker", redis=10) as backend:
        yield backend


async def test_the_next_job_begins_when_one_has_ended_not_at_the_next_poll(
    store: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[int] = []
    at_once, most = 0, 0

    async def work(job: Job) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.1)
        at_once -= 1
        done.append(job.event_id)

    monkeypatch.setattr(worker, "POLL_SECONDS", 2.0)
    family = JobFamily(Family.FAST, 5.0, concurrency=2, functions={"welcome_notification": work})
    events = [await emitted(store, 3) for _ in range(12)]
    async with open_queue(store.settings.queue_url) as queue:
        await queue.flushdb()
        await enqueue(queue, [(family, await claimed(store, event)) for event in events])
        stop, began = asyncio.Event(), clock.monotonic()
        running = asyncio.create_task(run_worker(make_worker(store, queue, family), stop))
        async with asyncio.timeout(20):
            while len(done) < len(events):
                await asyncio.sleep(0.01)
        seconds = clock.monotonic() - began
        await asyncio.sleep(0.2)
        stop.set()
        await running
        assert await queue.zcard(family.queue) == 0
    assert (sorted(done), most) == (events, 2)
    assert seconds < 6  # by polls alone it would be five times two
    assert {(await delivery(store, event))["state"] for event in events} == {"DONE"}
