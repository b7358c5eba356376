import os
import signal
import stat

import psutil
import pytest
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError, ResponseError

from core.embedded.stack import Stack
from tests.core.embedded.waiting import until


async def test_it_keeps_everything_and_evicts_nothing(own_stack: Stack) -> None:
    client = Redis.from_url(own_stack.settings.queue_url, decode_responses=True)
    found = await client.config_get("appendonly", "maxmemory-policy", "bind")
    assert found == {"appendonly": "yes", "maxmemory-policy": "noeviction", "bind": "127.0.0.1"}
    await client.aclose()


async def test_the_queue_has_a_database_of_its_own(own_stack: Stack) -> None:
    rebuildable, queue = Redis.from_url(own_stack.settings.redis_url), Redis.from_url(own_stack.settings.queue_url)
    await queue.set("job", "1")
    await rebuildable.flushdb()
    assert await queue.get("job") == b"1"
    assert await rebuildable.get("job") is None
    await queue.delete("job")
    await rebuildable.aclose()
    await queue.aclose()


async def test_no_password_no_answer(own_stack: Stack) -> None:
    client = Redis.from_url("redis://" + own_stack.settings.redis_url.rpartition("@")[2])
    with pytest.raises((AuthenticationError, ResponseError), match=r"[Aa]uth"):
        await client.ping()
    await client.aclose()
    config = own_stack.folder.path / "valkey" / "valkey.conf"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    command = " ".join(psutil.Process(own_stack.supervisor.pid("Valkey")).cmdline())
    assert own_stack.folder.secret("valkey") not in command


async def test_killed_it_is_back_with_what_it_was_told(own_stack: Stack, reports: list[str]) -> None:
    client = Redis.from_url(own_stack.settings.queue_url)
    await client.rpush("kept", *range(1000))
    os.kill(own_stack.supervisor.pid("Valkey"), signal.SIGKILL)
    await until(lambda: "Valkey is back" in reports)
    await client.aclose()
    client = Redis.from_url(own_stack.settings.queue_url)
    assert await client.llen("kept") == 1000
    await client.delete("kept")
    await client.aclose()
