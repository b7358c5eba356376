import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from services import live as live_module
from services.backend import Backend
from services.live import QUEUE_LENGTH, Live

Messages = asyncio.Queue[bytes]


@pytest.fixture
async def redis(backend: Backend) -> AsyncIterator[Redis]:
    """Connections of its own, so that a test can cut them and nobody else's."""
    client = Redis(connection_pool=backend.redis.connection_pool.__class__.from_url(backend.settings.redis_url))
    yield client
    await client.aclose()
    await client.connection_pool.disconnect()


@pytest.fixture
async def live(redis: Redis) -> AsyncIterator[Live]:
    listening = Live(redis)
    listening.start()
    yield listening
    async with asyncio.timeout(5):
        await listening.stop()


async def received(messages: Messages, seconds: float = 5) -> bytes:
    async with asyncio.timeout(seconds):
        return await messages.get()


async def subscribers_of(redis: Redis, channel: str) -> int:
    """Connections that Redis itself has on the channel."""
    [(_, count)] = await redis.pubsub_numsub(channel)
    return int(count)


async def become(redis: Redis, channel: str, count: int) -> None:
    async with asyncio.timeout(5):
        while await subscribers_of(redis, channel) != count:
            await asyncio.sleep(0.01)


async def cut(redis: Redis) -> int:
    """Redis drops every connection that listens, as a restart would; how many it were."""
    return int(await redis.client_kill_filter(_type="pubsub"))


async def test_it_begins_when_redis_has_confirmed(backend: Backend, live: Live) -> None:
    async with live.subscribe("live:confirm") as messages:
        assert await subscribers_of(backend.redis, "live:confirm") == 1
        assert await received(messages) == b""  # look once: nobody knows what was before
        await backend.redis.publish("live:confirm", b"1")
        await backend.redis.publish("live:confirm", b"2")
        assert [await received(messages) for _ in range(2)] == [b"1", b"2"]
    await become(backend.redis, "live:confirm", 0)


async def test_many_share_one_subscription(backend: Backend, live: Live) -> None:
    async with contextlib.AsyncExitStack() as opened:
        queues = [await opened.enter_async_context(live.subscribe("live:many")) for _ in range(200)]
        assert await subscribers_of(backend.redis, "live:many") == 1
        await backend.redis.publish("live:many", b"all")
        for messages in queues:
            while await received(messages) != b"all":
                pass
    await become(backend.redis, "live:many", 0)
    assert live._channels == {}


async def test_only_its_own_channels(backend: Backend, live: Live) -> None:
    async with live.subscribe("live:one", "live:two") as both, live.subscribe("live:other") as other:
        assert [await received(both), await received(both), await received(other)] == [b"", b"", b""]
        await backend.redis.publish("live:two", b"2")
        await backend.redis.publish("live:one", b"1")
        assert [await received(both), await received(both)] == [b"2", b"1"]
        assert other.empty()


async def test_the_first_to_leave_takes_nothing_from_the_rest(backend: Backend, live: Live) -> None:
    async with live.subscribe("live:stay") as staying:
        async with live.subscribe("live:stay"):
            pass
        assert await received(staying) == b""
        await backend.redis.publish("live:stay", b"here")
        assert await received(staying) == b"here"


async def test_leaving_and_coming_back_at_once_misses_nothing(backend: Backend, live: Live) -> None:
    for number in range(50):
        async with live.subscribe("live:again") as messages:
            await backend.redis.publish("live:again", str(number).encode())
            while await received(messages) != str(number).encode():
                pass


async def test_when_it_overflows_the_oldest_go(live: Live) -> None:
    async with live.subscribe("live:full") as messages:
        for number in range(QUEUE_LENGTH + 6):
            live.deliver("live:full", str(number).encode())
        kept = [messages.get_nowait() for _ in range(messages.qsize())]
    assert kept == [str(number).encode() for number in range(6, QUEUE_LENGTH + 6)]


async def test_after_a_restart_of_redis_it_goes_on_and_everyone_looks(
    backend: Backend, live: Live, redis: Redis
) -> None:
    async with live.subscribe("live:cut") as messages:
        assert await received(messages) == b""
        assert await cut(redis) >= 1
        assert await received(messages) == b""
        await become(backend.redis, "live:cut", 1)
        await backend.redis.publish("live:cut", b"back")
        assert await received(messages) == b"back"
        async with live.subscribe("live:new"):
            assert await subscribers_of(backend.redis, "live:new") == 1


async def test_where_redis_is_away_it_begins_all_the_same_and_is_woken_later(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "CONFIRM_SECONDS", 0.1)
    live = Live(backend.redis)
    async with live.subscribe("live:late") as messages:
        assert messages.empty()
        live.start()  # as Redis comes back
        assert await received(messages) == b""
    await live.stop()


async def test_a_silent_connection_is_given_up(live: Live, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    """The connection stays open, but nothing comes back, not even an answer to a ping."""
    monkeypatch.setattr(live_module, "PING_SECONDS", 0.2)
    async with live.subscribe("live:silent") as messages:
        assert await received(messages) == b""
        await cut(redis)  # so that the next read is timed by the shorter patience
        assert await received(messages) == b""
        pinged: list[Any] = []
        with monkeypatch.context() as patched:
            patched.setattr("redis.asyncio.client.PubSub.ping", _swallow(pinged))
            assert await received(messages) == b""
        assert pinged


def _swallow(pinged: list[Any]) -> Any:
    async def ping(pubsub: Any) -> None:
        pinged.append(pubsub)

    return ping


async def test_who_is_cancelled_leaves_nothing_behind(backend: Backend, live: Live) -> None:
    async def listen(number: int) -> None:
        async with live.subscribe(f"live:leak:{number % 7}"):
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(listen(number)) for number in range(100)]
    for delay, part in ((0, tasks[:40]), (0.05, tasks[40:])):
        await asyncio.sleep(delay)
        for task in part:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert live._channels == {}
    for number in range(7):
        await become(backend.redis, f"live:leak:{number}", 0)
    assert live._confirmed == set()


async def test_it_stops_while_it_is_being_left(redis: Redis) -> None:
    for _ in range(20):
        live = Live(redis)
        live.start()
        async with live.subscribe("live:stop"):
            pass
        async with asyncio.timeout(5):
            await live.stop()
