"""Tries as workers make them, with handlers that do what handlers do: work, fail, hang, and die."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import structlog
from redis.exceptions import OutOfMemoryError

from core import clock
from core.errors import ShardUnavailable
from core.settings import Settings
from services.backend import Backend
from services.consequences import Family
from services.deliveries import sweep
from services.outbox import Deferred, Job, JobFunction, Unfinished
from services.tries import finish_along
from tests.empty_store import empty_store
from tests.services.outbox_rows import claimed, delivery, emitted, make_due
from workers.family import JobFamily
from workers.job import deliver
from workers.queue import open_queue


@pytest.fixture(scope="module")
async def store(settings: Settings) -> AsyncIterator[Backend]:
    waits = {"job_max_tries": 2, "sweep_after_seconds": 0.4}
    async with empty_store(settings.model_copy(update=waits), "worker_jobs", redis=8) as backend:
        yield backend


async def delivered(store: Backend, event_id: int, function: JobFunction, timeout: float = 5) -> str:  # noqa: ASYNC109
    """The delivery's state after a worker has run the welcome as this function."""
    one = await claimed(store, event_id)
    family = JobFamily(Family.FAST, timeout, concurrency=1, functions={"welcome_notification": function})
    async with open_queue(store.settings.queue_url) as queue:
        context = {"backend": store, "family": family, "redis": queue, "job_id": "any"}
        await deliver(context, one.event_id, one.handler, one.attempts)
    state: str = (await delivery(store, event_id))["state"]
    return state


async def test_a_handler_that_returns_is_done(store: Backend) -> None:
    seen: list[Job] = []

    async def work(job: Job) -> None:
        seen.append(job)

    event_id = await emitted(store, 2, user_id=42)
    assert await delivered(store, event_id, work) == "DONE"
    [job] = seen
    assert (job.event_id, job.payload, job.attempt) == (event_id, {"user_id": 42}, 1)


async def test_the_logs_of_a_job_carry_the_id_of_the_request_that_caused_it(store: Backend) -> None:
    seen: list[object] = []

    async def work(_: Job) -> None:
        seen.append(structlog.contextvars.get_contextvars().get("correlation_id"))

    with structlog.contextvars.bound_contextvars(correlation_id="c0ffee"):
        event_id = await emitted(store, 2)
    await delivered(store, event_id, work)
    assert seen == ["c0ffee"]
    assert "correlation_id" not in structlog.contextvars.get_contextvars()


async def test_a_handler_that_raises_is_tried_again_and_then_dead(store: Backend) -> None:
    async def work(_: Job) -> None:
        raise ValueError("no such thing")

    event_id = await emitted(store, 2)
    assert await delivered(store, event_id, work) == "PENDING"
    await make_due(store, event_id)
    assert await delivered(store, event_id, work) == "DEAD"
    assert (await delivery(store, event_id))["last_error"] == "ValueError('no such thing')"


async def test_a_handler_that_hangs_is_cut_off_and_has_failed(store: Backend) -> None:
    async def work(_: Job) -> None:
        await asyncio.sleep(60)

    event_id = await emitted(store, 2)
    began = clock.monotonic()
    assert await delivered(store, event_id, work, timeout=0.2) == "PENDING"
    assert clock.monotonic() - began < 2
    row = await delivery(store, event_id)
    assert (row["last_error"], row["attempts"], row["forgiven"]) == ("TimeoutError()", 1, 0)


@pytest.mark.parametrize("fault", [ShardUnavailable(1), OutOfMemoryError("full"), ConnectionError("reset")])
async def test_an_outage_is_waited_for(store: Backend, fault: Exception) -> None:
    async def work(_: Job) -> None:
        raise fault

    event_id = await emitted(store, 2)
    for attempt in (1, 2, 3):
        assert await delivered(store, event_id, work) == "PENDING"
        row = await delivery(store, event_id)
        forgiven = 0 if isinstance(fault, ConnectionError) else attempt
        assert (row["attempts"], row["forgiven"]) == (attempt, forgiven)
        await make_due(store, event_id)
        if not forgiven:
            break


async def test_an_unfinished_job_goes_on_where_it_was(store: Backend) -> None:
    steps: list[int] = []

    async def work(job: Job) -> None:
        done = (job.progress or {"done": 0})["done"]
        steps.append(done)
        if done < 5:
            await job.save_progress({"done": done + 1})
            raise Unfinished

    event_id = await emitted(store, 2)
    states = [await delivered(store, event_id, work) for _ in range(6)]
    # Six turns of a job that has two tries.
    assert states == ["PENDING"] * 5 + ["DONE"]
    assert steps == [0, 1, 2, 3, 4, 5]


async def test_a_deferred_job_counts_as_not_begun_until_it_is_done_or_swept(store: Backend) -> None:
    async def work(_: Job) -> None:
        raise Deferred

    event_id = await emitted(store, 2)
    for attempt in (1, 2, 3):  # of a job that has two tries
        assert await delivered(store, event_id, work) == "ENQUEUED"
        row = await delivery(store, event_id)
        assert (row["attempts"], row["forgiven"], row["started_at"]) == (attempt, attempt, None)
        assert 0 < row["wait"] <= store.settings.sweep_after_seconds
        await make_due(store, event_id)
        assert await sweep(store, 2) == ["PENDING"]


async def test_a_handler_may_mark_its_delivery_done_with_others(store: Backend) -> None:
    others = [await emitted(store, 2) for _ in range(2)]

    async def work(job: Job) -> None:
        await finish_along(job, [job.event_id, *others])

    event_id = await emitted(store, 2)
    assert await delivered(store, event_id, work) == "DONE"
    for other in others:
        assert (await delivery(store, other))["state"] == "DONE"
        assert (await delivery(store, other, "confirm_claims"))["state"] == "PENDING"


async def test_a_worker_that_is_stopped_gives_the_job_back(store: Backend) -> None:
    working = asyncio.Event()

    async def work(_: Job) -> None:
        working.set()
        await asyncio.sleep(60)

    event_id = await emitted(store, 2)
    job = asyncio.create_task(delivered(store, event_id, work))
    await working.wait()
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    row = await delivery(store, event_id)
    assert (row["state"], row["attempts"], row["forgiven"]) == ("PENDING", 1, 1)


async def test_a_long_job_keeps_its_lease(store: Backend) -> None:
    waits: list[float] = []

    async def work(job: Job) -> None:
        for _ in range(6):
            await asyncio.sleep(store.settings.sweep_after_seconds / 2)
            waits.append((await delivery(store, job.event_id))["wait"])

    event_id = await emitted(store, 2)
    assert await delivered(store, event_id, work) == "DONE"
    assert min(waits) > 0


async def test_a_job_that_has_begun_elsewhere_is_left_alone(store: Backend) -> None:
    ran: list[int] = []

    async def work(job: Job) -> None:
        ran.append(job.attempt)

    event_id = await emitted(store, 2)
    one = await claimed(store, event_id)
    family = JobFamily(Family.FAST, 5, concurrency=1, functions={"welcome_notification": work})
    async with open_queue(store.settings.queue_url) as queue:
        context = {"backend": store, "family": family, "redis": queue, "job_id": "any"}
        await asyncio.gather(*(deliver(context, one.event_id, one.handler, one.attempts) for _ in range(5)))
    assert ran == [1]
    assert (await delivery(store, event_id))["state"] == "DONE"
