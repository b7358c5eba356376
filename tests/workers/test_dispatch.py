import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import pytest
from arq.connections import ArqRedis
from redis.exceptions import RedisError

from core.settings import Settings
from services.backend import Backend
from services.consequences import Family
from services.deliveries import Claimed, Claims, claim
from tests.empty_store import empty_store
from tests.services.outbox_rows import begun, delivery, emitted, make_due
from tests.turns import cancelled_at
from workers import dispatch
from workers.bindings import FAMILIES
from workers.dispatch import Dispatcher
from workers.family import JobFamily
from workers.queue import DELIVER, HEAVIEST_MS, enqueue, open_queue
from workers.wake import Wake

QUEUE = FAMILIES[Family.FAST].queue
HANDLERS = 2


@pytest.fixture(scope="module")
async def store(settings: Settings) -> AsyncIterator[Backend]:
    waits = {"relay_poll_seconds": 0.1}
    async with empty_store(settings.model_copy(update=waits), "worker_dispatch", redis=10) as backend:
        yield backend


class Bench:
    """A dispatcher, and the queue that it fills."""

    def __init__(self, store: Backend, queue: ArqRedis) -> None:
        self.queue = queue
        self.wake = Wake()
        self.dispatcher = Dispatcher(store, self.queue, list(FAMILIES.values()), self.wake)

    async def queued(self) -> list[str]:
        jobs: list[Any] = await self.queue.zrange(QUEUE, 0, -1)
        return sorted(job.decode() for job in jobs)


@pytest.fixture
async def bench(store: Backend) -> AsyncIterator[Bench]:
    async with open_queue(store.settings.queue_url) as queue:
        made = Bench(store, queue)
        await made.dispatcher.relay()
        await queue.flushdb()
        yield made


async def test_what_is_due_is_enqueued_once_by_its_try(store: Backend, bench: Bench) -> None:
    event_id = await emitted(store, 3)
    for _ in range(2):
        await bench.dispatcher.relay()
    assert await bench.queued() == [f"{event_id}:confirm_claims:0", f"{event_id}:welcome_notification:0"]
    assert (await delivery(store, event_id))["state"] == "ENQUEUED"


async def test_relays_side_by_side_enqueue_each_job_once(store: Backend, bench: Bench) -> None:
    others = [Bench(store, bench.queue) for _ in range(3)]
    events = [await emitted(store, shard) for shard in range(20)]
    await asyncio.gather(*(each.dispatcher.relay() for each in [bench, *others]))
    assert len(await bench.queued()) == HANDLERS * len(events)


async def test_a_job_that_still_waits_in_the_queue_is_not_doubled(store: Backend, bench: Bench) -> None:
    event_id = await emitted(store, 3)
    await bench.dispatcher.relay()
    queued = await bench.queued()
    await make_due(store, event_id)
    await bench.dispatcher.sweep()
    assert (await delivery(store, event_id))["state"] == "PENDING"
    await bench.dispatcher.relay()
    assert await bench.queued() == queued


async def test_what_the_queue_lost_is_enqueued_again(store: Backend, bench: Bench) -> None:
    event_id = await emitted(store, 3)
    await bench.dispatcher.relay()
    await bench.queue.flushdb()
    await bench.dispatcher.sweep()
    await bench.dispatcher.relay()
    assert await bench.queued() == []
    await make_due(store, event_id)
    await bench.dispatcher.sweep()
    await bench.dispatcher.relay()
    assert len(await bench.queued()) == HANDLERS


async def test_another_try_is_another_job(store: Backend, bench: Bench) -> None:
    """So arq's lock on a job whose worker was killed does not hold it up."""
    event_id = await emitted(store, 3)
    await begun(store, event_id)
    await make_due(store, event_id)
    await bench.dispatcher.sweep()
    await bench.dispatcher.relay()
    assert f"{event_id}:welcome_notification:1" in await bench.queued()


async def test_a_full_queue_leaves_the_rest_in_the_outbox(
    store: Backend, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "QUEUE_LIMIT", 1)
    first = await emitted(store, 3)
    await bench.dispatcher.relay()
    second = await emitted(store, 3)
    await bench.dispatcher.relay()
    assert {job.split(":")[0] for job in await bench.queued()} == {str(first)}
    assert (await delivery(store, second))["state"] == "PENDING"
    await bench.queue.flushdb()
    await bench.dispatcher.relay()
    assert {job.split(":")[0] for job in await bench.queued()} == {str(second)}


async def test_without_a_queue_nothing_is_claimed(store: Backend) -> None:
    event_id = await emitted(store, 3)
    async with open_queue("redis://127.0.0.1:9/0") as away:
        with pytest.raises((RedisError, OSError)):
            await Bench(store, away).dispatcher.relay()
    assert (await delivery(store, event_id))["state"] == "PENDING"


async def test_a_queue_that_breaks_off_gives_the_claimed_back(
    store: Backend, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    event_id = await emitted(store, 3)

    async def breaks_off(queue: ArqRedis, jobs: Sequence[tuple[JobFamily, Claimed]]) -> None:
        await enqueue(queue, [job for job in jobs if job[1].handler != "welcome_notification"])
        raise ConnectionResetError("by peer")

    monkeypatch.setattr(dispatch, "enqueue", breaks_off)
    await bench.dispatcher.relay()
    assert await bench.queued() == [f"{event_id}:confirm_claims:0"]
    row = await delivery(store, event_id)
    assert row["state"] == "PENDING"
    assert row["wait"] <= 0
    monkeypatch.undo()
    await bench.dispatcher.relay()  # what is in the queue already is not put in again
    assert await bench.queued() == [f"{event_id}:confirm_claims:0", f"{event_id}:welcome_notification:0"]


async def test_a_wake_is_followed_at_once_and_the_poll_finds_the_rest(store: Backend, bench: Bench) -> None:
    running = asyncio.create_task(bench.dispatcher.run())
    listening = asyncio.create_task(bench.wake.listen(store))
    try:
        for shard in (3, 4, 5):
            await emitted(store, shard)
        async with asyncio.timeout(5):
            await _filled(bench, 3 * HANDLERS)
        # A relay that hears nothing looks for itself.
        listening.cancel()
        await emitted(store, 6)
        async with asyncio.timeout(5):
            await _filled(bench, 4 * HANDLERS)
    finally:
        for task in (running, listening):
            task.cancel()
        await asyncio.wait([running, listening])


async def test_a_shard_that_is_slow_holds_up_no_other_and_is_relayed_once_at_a_time(
    store: Backend, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on, asked = asyncio.Event(), []

    async def slow(backend: Backend, shard: int, handlers: Collection[str]) -> Claims:
        asked.append(shard)
        if shard == 3:
            await goes_on.wait()
        return await claim(backend, shard, handlers)

    monkeypatch.setattr(dispatch, "claim", slow)
    running = asyncio.create_task(bench.dispatcher.run())
    try:
        for shard in (3, 5, 7):  # all on one node
            await emitted(store, shard)
        async with asyncio.timeout(5):
            await _filled(bench, 2 * HANDLERS)
        for _ in range(3):
            bench.wake.call([3])
            await asyncio.sleep(0.15)
        assert asked.count(3) == 1
        goes_on.set()
        async with asyncio.timeout(5):
            await _filled(bench, 3 * HANDLERS)
            while asked.count(3) < 2:  # what it was woken for meanwhile is not forgotten
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.wait([running])


async def test_a_queue_that_goes_away_pauses_the_relay_and_is_filled_when_it_is_back(
    store: Backend, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    async def away(queue: ArqRedis, jobs: Sequence[tuple[JobFamily, Claimed]]) -> None:
        nonlocal tried
        tried += 1
        raise ConnectionResetError("by peer")

    monkeypatch.setattr(dispatch, "enqueue", away)
    running = asyncio.create_task(bench.dispatcher.run())
    try:
        event_id = await emitted(store, 3)
        for _ in range(50):
            bench.wake.call([3])
            await asyncio.sleep(0.01)
        assert 1 <= tried <= 8  # once in 0.1 s, though it was woken fifty times
        assert not running.done()
        monkeypatch.undo()
        async with asyncio.timeout(5):
            await _filled(bench, HANDLERS)
        assert (await delivery(store, event_id))["state"] == "ENQUEUED"
    finally:
        running.cancel()
        await asyncio.wait([running])


async def _commands(queue: ArqRedis) -> dict[str, int]:
    return {name: said["calls"] for name, said in (await queue.info("commandstats")).items()}


async def test_what_is_claimed_together_is_enqueued_in_one_round_trip_as_arq_would(bench: Bench) -> None:
    family = FAMILIES[Family.FAST]
    jobs = [(family, Claimed(event_id, "repair_like", 2)) for event_id in range(1, 21)]
    await enqueue(bench.queue, jobs)
    before = await _commands(bench.queue)
    await enqueue(bench.queue, jobs)  # none of them a second time
    after = await _commands(bench.queue)
    told = {name: after[name] - before.get(name, 0) for name in after if after[name] != before.get(name, 0)}
    assert told == {"cmdstat_evalsha": 1, "cmdstat_exists": 20, "cmdstat_info": 1}
    assert len(await bench.queued()) == 20
    theirs = await bench.queue.enqueue_job(DELIVER, 1, "repair_like", 2, _job_id="theirs", _queue_name=QUEUE)
    assert theirs is not None
    definitions = {one.job_id: one for one in await bench.queue.queued_jobs(queue_name=QUEUE)}
    ours, model = definitions["1:repair_like:2"], definitions["theirs"]
    assert (ours.function, ours.args, ours.kwargs, ours.job_try) == (
        model.function,
        model.args,
        model.kwargs,
        model.job_try,
    )
    assert ours.score == int(ours.enqueue_time.timestamp() * 1000) - HEAVIEST_MS
    assert model.score is not None
    assert 0 <= model.score - ours.score - HEAVIEST_MS < 10_000
    lives = [await bench.queue.pttl(f"arq:job:{job}") for job in ("theirs", "1:repair_like:2")]
    assert 0 <= lives[0] - lives[1] < 10_000


async def _filled(bench: Bench, jobs: int) -> None:
    while len(await bench.queued()) < jobs:
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("turns", range(12))
async def test_who_reads_the_queue_is_cancelled_at_each_turn(bench: Bench, turns: int) -> None:
    await bench.queue.ping()
    assert await cancelled_at(turns, bench.queued)


@pytest.mark.parametrize("turns", range(6))
async def test_who_waits_for_a_shard_is_cancelled_though_one_is_called(turns: int) -> None:
    wake = Wake()

    async def called() -> None:
        asyncio.get_running_loop().call_soon(wake.call, [1])
        await wake.wait(5)

    assert await cancelled_at(turns, called)
