"""The processes themselves: what ends them, and how soon."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from core import clock
from core.embedded.stack import environment
from core.settings import ROOT, Settings

NOWHERE = "redis://127.0.0.1:9/0"
RELAY, WORKER = ("workers.relay",), ("workers.run", "fast")


Start = Callable[..., Awaitable[asyncio.subprocess.Process]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts processes that do not outlive the test."""
    started: list[asyncio.subprocess.Process] = []

    async def begin(settings: Settings, *module: str) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            *module,
            cwd=ROOT,
            env={**os.environ, **environment(settings)},
            stderr=asyncio.subprocess.PIPE,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def test_a_worker_without_its_queue_ends_so_that_it_is_started_again(start: Start, settings: Settings) -> None:
    process = await start(settings.model_copy(update={"queue_url": NOWHERE}), *WORKER)
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert b"server_gone" in said


async def test_a_relay_without_redis_lives_and_stops_when_told(start: Start, settings: Settings) -> None:
    process = await start(settings.model_copy(update={"queue_url": NOWHERE, "redis_url": NOWHERE}), *RELAY)
    assert process.stderr is not None
    said = [await asyncio.wait_for(process.stderr.readline(), 60) for _ in range(6)]
    assert any(b"queue_away" in line for line in said), said
    assert any(b"wake_listener_lost" in line for line in said), said
    assert process.returncode is None
    assert await seconds_to_stop(process) < 5
    assert process.returncode == 0


@pytest.mark.parametrize("module", [RELAY, WORKER], ids=["relay", "worker"])
async def test_without_a_database_it_ends_so_that_it_is_started_again(
    start: Start, settings: Settings, module: tuple[str, ...]
) -> None:
    gone = [url.replace("127.0.0.1", "127.0.0.2") for url in settings.database_urls]
    process = await start(settings.model_copy(update={"database_urls": gone}), *module)
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 1
    assert b"server_gone" in said


async def test_an_idle_worker_stops_when_told(start: Start, settings: Settings) -> None:
    process = await start(settings, "workers.run", "media")
    assert process.stderr is not None
    async with asyncio.timeout(60):
        while b"ready" not in (line := await process.stderr.readline()):
            assert line, "it ended"
    assert await seconds_to_stop(process) < 5
    assert process.returncode == 0


async def test_a_family_that_is_none_is_refused(start: Start, settings: Settings) -> None:
    process = await start(settings, "workers.run", "nobody")
    _, said = await asyncio.wait_for(process.communicate(), 60)
    assert process.returncode == 2
    assert b"nobody" in said


async def seconds_to_stop(process: asyncio.subprocess.Process) -> float:
    began = clock.monotonic()
    process.send_signal(signal.SIGTERM)
    await asyncio.wait_for(process.communicate(), 30)
    return clock.monotonic() - began
