"""In which order the jobs of a queue are taken up."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from core import clock
from core.settings import Settings
from services.backend import Backend
from services.consequences import Family
from services.deliveries import Claimed
from services.outbox import Job
from tests.empty_store import empty_store
from tests.services.outbox_rows import claimed, emitted
from workers import queue as queue_module
from workers.family import JobFamily
from workers.queue import enqueue, open_queue, score_of
from workers.worker import make_worker, run_worker

MB = 10**6
MINUTE = 60_000


@pytest.fixture(scope="module")
async def store(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings, "worker_queue", redis=10) as backend:
        yield backend


def of(weight: int) -> Claimed:
    return Claimed(1, "process_upload", 0, weight)


@pytest.mark.parametrize(
    ("weight", "behind"), [(0, 0), (999, 2), (10 * MB, 30_000), (100 * MB, 300_000), (10**15, 300_000)]
)
def test_a_job_stands_behind_as_it_is_large_but_never_in_the_future(weight: int, behind: int) -> None:
    now = 1_800_000_000_000
    assert score_of(of(weight), now) == now - 5 * MINUTE + behind


async def served(store: Backend, weights: Sequence[int], *, ages: Sequence[int] = ()) -> list[int]:
    """The weights in the order in which a worker took them up that does one at a time. `ages`: how many seconds before
    now each was put in."""
    events = [await emitted(store, 3) for _ in weights]
    weight_of, order = dict(zip(events, weights, strict=True)), []

    async def work(job: Job) -> None:
        order.append(weight_of[job.event_id])

    family = JobFamily(Family.MEDIA, 5.0, concurrency=1, functions={"welcome_notification": work})
    async with open_queue(store.settings.queue_url) as queue:
        await queue.flushdb()
        for event, age in zip(events, ages or [0] * len(events), strict=True):
            one = await claimed(store, event)
            with pytest.MonkeyPatch.context() as patched:
                now = clock.now_ms()
                patched.setattr(queue_module, "timestamp_ms", lambda now=now, age=age: now - age * 1000)
                await enqueue(queue, [(family, Claimed(event, one.handler, one.attempts, weight_of[event]))])
        stop = asyncio.Event()
        running = asyncio.create_task(run_worker(make_worker(store, queue, family), stop))
        async with asyncio.timeout(10):
            while len(order) < len(weights):
                await asyncio.sleep(0.01)
        stop.set()
        await running
    return order


async def test_small_before_large(store: Backend) -> None:
    mixed = [9 * MB, 200_000, 5 * MB, 0, 100 * MB, 2 * MB]
    assert await served(store, mixed) == sorted(mixed)


async def test_a_large_one_is_not_passed_for_ever(store: Backend) -> None:
    assert await served(store, [10 * MB, 0, 1], ages=[31, 0, 0]) == [10 * MB, 0, 1]
    assert await served(store, [10 * MB, 0, 1], ages=[25, 0, 0]) == [0, 1, 10 * MB]
    assert await served(store, [10**15, 0], ages=[301, 0]) == [10**15, 0]


async def test_who_is_idle_does_not_wait_because_a_job_is_large(store: Backend) -> None:
    began = clock.monotonic()
    assert await served(store, [100 * MB]) == [100 * MB]
    assert clock.monotonic() - began < 2


async def test_how_long_a_job_is_kept_does_not_depend_on_how_large_it_is(store: Backend) -> None:
    family = JobFamily(Family.MEDIA, 5.0, concurrency=1, functions={})
    async with open_queue(store.settings.queue_url) as queue:
        await queue.flushdb()
        small, large = Claimed(1, "process_upload", 0), Claimed(2, "process_upload", 0, 100 * MB)
        await enqueue(queue, [(family, small), (family, large)])
        lives = [await queue.pttl(f"arq:job:{number}:process_upload:0") for number in (1, 2)]
        assert abs(lives[0] - lives[1]) < 1000
        assert lives[0] > queue.expires_extra_ms - 10_000
