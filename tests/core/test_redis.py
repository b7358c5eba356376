"""A task that talks to Redis ends when it is cancelled, whatever the moment, and is told that a connection is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import uvloop
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.exceptions import ConnectionError as ConnectionFailed

from core.redis import redis_pool
from core.settings import Settings
from tests.turns import cancelled_at

TURNS = 12
"""Of the event loop; a command on an open connection is sent within the first six."""


@pytest.fixture
async def redis(settings: Settings) -> AsyncIterator[Redis]:
    """One connection, so that what one command leaves behind on it is the next one's trouble."""
    async with Redis.from_pool(redis_pool(BlockingConnectionPool, settings.redis_url, max_connections=1)) as client:
        yield client


@pytest.mark.parametrize("turns", range(TURNS))
async def test_a_command_is_cancelled_at_each_turn(redis: Redis, turns: int) -> None:
    assert await redis.echo("before") == b"before"
    assert await cancelled_at(turns, lambda: redis.echo("unheard"))
    assert await redis.echo("after") == b"after"


@pytest.mark.parametrize("turns", range(TURNS * 2))
async def test_a_first_command_is_cancelled_at_each_turn(redis: Redis, turns: int) -> None:
    assert await cancelled_at(turns, lambda: redis.echo("unheard"))
    assert await redis.echo("after") == b"after"


async def test_a_time_limit_around_a_command_is_kept_at_each_turn(redis: Redis) -> None:
    await redis.ping()
    for turns in range(TURNS):
        with pytest.raises(TimeoutError):
            await _expiring(turns, redis.echo("unheard"))
    assert await redis.echo("after") == b"after"


async def _expiring(turns: int, command: Awaitable[object]) -> None:
    """Expires after so many turns, and not by the clock."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(None) as limit:

        def turn(left: int) -> None:
            if left:
                loop.call_soon(turn, left - 1)
            else:
                limit.reschedule(loop.time())

        turn(turns)
        await command
        await asyncio.sleep(10)


@pytest.mark.parametrize("url", ["redis://127.0.0.1:1/0", "rediss://127.0.0.1:1/0", "unix:///nowhere"])
async def test_each_kind_of_address_has_such_connections(url: str) -> None:
    plain = ConnectionPool.from_url(url).connection_class
    ours = redis_pool(ConnectionPool, url).connection_class
    assert issubclass(ours, plain)
    assert ours.send_packed_command is not plain.send_packed_command


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
async def test_a_connection_reset_before_a_command_is_a_fault_of_the_connection(
    settings: Settings, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    async def reset() -> None:
        connection = redis_pool(ConnectionPool, settings.redis_url).make_connection()  # type: ignore[no-untyped-call]
        await connection.connect()
        connection._writer.transport.abort()
        await asyncio.sleep(0.01)
        with pytest.raises(ConnectionFailed):
            await connection.send_command("PING")
        assert not connection.is_connected
        await connection.send_command("ECHO", "after")
        assert await connection.read_response() == b"after"
        await connection.disconnect()

    def in_its_own_loop() -> None:
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(reset())

    await asyncio.to_thread(in_its_own_loop)
