"""Nothing that a transaction promised is lost, or done twice, whatever dies on the way."""

import asyncio

import pytest
from redis.asyncio import Redis

from core.embedded.stack import Stack
from services.backend import Backend
from tests.workers.town import all_welcomed, fleet_of, register, register_many, tell

FEW, MANY = 10, 50
SIZES = [FEW, pytest.param(MANY, marks=pytest.mark.drill)]
POINTS = ["relay.after_claim", "relay.after_enqueue", "worker.before_handler", "worker.before_done"]


@pytest.mark.parametrize(
    ("crash_at", "count"),
    [
        (("relay.after_claim:2", "relay.after_enqueue:3"), FEW),
        (("worker.before_handler:2", "worker.before_done:3"), FEW),
        *(pytest.param((f"{point}:20",), MANY, marks=pytest.mark.drill) for point in POINTS),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, tuple) else value,
)
async def test_processes_killed_at_named_points(
    own_stack: Stack, own_backend: Backend, crash_at: tuple[str, ...], count: int
) -> None:
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay(",".join(crash_at))
        await fleet.start_worker(",".join(crash_at))
        people = [await register(own_backend) for _ in range(count)]
        seconds = await all_welcomed(own_backend, people)
    for point in crash_at:
        assert (own_stack.folder.path / "crashes" / point).exists(), "it was not killed"
    tell(f"{count} registrations, kill -9 at {' and '.join(crash_at)}: the last welcome after {seconds:.2f} s")


@pytest.mark.parametrize("count", SIZES)
async def test_flushall_loses_the_queue(own_stack: Stack, own_backend: Backend, count: int) -> None:
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        people = await register_many(own_backend, count)
        await _all_enqueued(own_backend)
        async with Redis.from_url(own_stack.settings.queue_url) as queue:
            # A delivery is marked first and put into the queue after.
            async with asyncio.timeout(10):
                while await queue.zcard("heliograph:fast") < count:
                    await asyncio.sleep(0.02)
            await queue.flushall()
        await fleet.start_worker()
        people += await register_many(own_backend, count)
        seconds = await all_welcomed(own_backend, people)
    tell(f"{2 * count} registrations, FLUSHALL with {count} in the queue: the last welcome after {seconds:.2f} s")


@pytest.mark.parametrize("count", SIZES)
async def test_redis_is_killed(own_stack: Stack, own_backend: Backend, count: int) -> None:
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        await fleet.start_worker()
        await all_welcomed(own_backend, [await register(own_backend)])
        people = await register_many(own_backend, count // 2)
        fleet.kill("Valkey")
        people += await register_many(own_backend, count - count // 2)
        seconds = await all_welcomed(own_backend, people)
        assert fleet.deaths("Valkey") >= 1
        assert fleet.deaths("relay") == 0
    tell(f"{count} registrations, kill -9 of Redis: the last welcome after {seconds:.2f} s")


@pytest.mark.drill
async def test_everything_is_killed_at_random(own_stack: Stack, own_backend: Backend) -> None:
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        await fleet.start_worker()
        people: list[int] = []
        for victim in ["relay", "worker", "Valkey", "worker", "relay"]:
            people += await register_many(own_backend, MANY // 5)
            await asyncio.sleep(0.3)
            fleet.kill(victim)
        seconds = await all_welcomed(own_backend, people)
    tell(f"{MANY} registrations, five kills: the last welcome after {seconds:.2f} s")


async def test_a_worker_told_to_stop_gives_its_jobs_back(own_stack: Stack, own_backend: Backend) -> None:
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        await fleet.start_worker()
        people = await register_many(own_backend, FEW)
        await asyncio.wait_for(own_stack.supervisor.stop(["worker"]), 5)
        await fleet.start_worker()
        await all_welcomed(own_backend, people)


async def _all_enqueued(backend: Backend) -> None:
    """Waits until the relay has handed over every event."""
    pending = "SELECT event_id FROM deliveries WHERE state = 'PENDING'"
    for _ in range(500):
        if not await backend.reader().on_every_node(pending):
            return
        await asyncio.sleep(0.02)
    raise AssertionError("the relay leaves deliveries where they are")
