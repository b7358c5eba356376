"""`cli.py up` from outside: ready, deaths, signals, kill -9, two beside each other."""

import asyncio
import json
import os
import signal
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from core.embedded.stack import attached
from core.settings import Settings
from tests.commands.conftest import Start
from tests.commands.stacks import COMMAND, Up, clean_environment, users_of
from tests.core.embedded.waiting import until

pytestmark = pytest.mark.timeout(600)  # several starts in a row, on a machine that may do other things
PROCESSES = {
    "api": ("app.py",),
    "worker-fast": ("workers.run", "fast"),
    "worker-fanout": ("workers.run", "fanout"),
    "worker-media": ("workers.run", "media"),
    "relay": ("workers.relay",),
    "Valkey": ("valkey-server",),
    "SeaweedFS": ("weed",),
    "PostgreSQL node0": ("cluster_name=heliograph-node0",),
    "PostgreSQL node1": ("cluster_name=heliograph-node1",),
}


def addresses(data: Path) -> Settings:
    return attached(Settings(data=data, database_urls=[], redis_url="", queue_url="", s3_endpoint=""))


async def is_ready(up: Up) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"{up.url}/readyz", timeout=5)).status_code == 200
        except httpx.TransportError:
            return False


async def store(data: Path, number: int) -> None:
    """Commits a row on every node."""
    for url in addresses(data).database_urls:
        connection = await asyncpg.connect(url)
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (n int)")
        await connection.execute("INSERT INTO kept VALUES ($1)", number)
        await connection.close()


async def stored(data: Path) -> list[list[int]]:
    found = []
    for url in addresses(data).database_urls:
        connection = await asyncpg.connect(url)
        found.append([row["n"] for row in await connection.fetch("SELECT n FROM kept ORDER BY n")])
        await connection.close()
    return found


async def test_ready_a_death_and_a_clean_stop(tmp_path: Path, start: Start) -> None:
    data = tmp_path / "data with spaces"
    up = await start(data, "--processes=2")
    assert await is_ready(up)
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{up.url}/graphql", json={"query": "{ __typename }"})
    assert answer.json()["data"] == {"__typename": "Query"}

    victims = [up.pid_of(*words) for words in (("workers.run", "fast"), ("workers.relay",))]
    for pid in victims:
        os.kill(pid, signal.SIGKILL)
    await until(lambda: all(f"{name} is back" in up.said() for name in ("worker-fast", "relay")), 60)
    for name in ("worker-fast", "relay"):
        assert f"{name} died (signal 9); starting it again in 0.2 s" in up.said()
        assert f"{name} is back" in up.said()

    code, seconds, out = await up.terminate()
    assert (code, out) == (0, "")
    assert seconds < 10
    assert up.living() == []
    assert not (data / "run" / "stack.json").exists()


async def test_after_kill_9_nothing_is_left_and_nothing_is_lost(tmp_path: Path, start: Start) -> None:
    data = tmp_path / "data"
    up = await start(data)
    await store(data, 1)
    up.look()
    up.process.kill()
    await up.process.wait()
    await until(lambda: not up.living(), 5)
    assert users_of(data) == []

    again = await start(data)
    assert await stored(data) == [[1], [1]]
    await store(data, 2)
    await again.kill_everything()  # and no pause before the next start, which wants the same port
    port = again.url.rpartition(":")[2]
    third = await start(data, f"--port={port}")
    assert third.url == again.url
    assert await stored(data) == [[1, 2], [1, 2]]
    code, _, _ = await third.terminate(signal.SIGINT)
    assert code == 0
    assert third.living() == []


async def test_a_stop_before_it_is_ready_leaves_nothing(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *COMMAND, "--port=0", f"--data={tmp_path / 'data'}", stderr=asyncio.subprocess.PIPE, env=clean_environment()
    )
    await until((tmp_path / "data" / "log" / "initdb-node0.log").exists, 30)
    family = psutil.Process(process.pid).children(recursive=True)
    process.terminate()
    _, error = await process.communicate()
    assert process.returncode == 1
    assert error.decode().rstrip().endswith("stopped")
    assert not [child for child in family if child.is_running()]
    assert users_of(tmp_path) == []


@pytest.mark.drill
async def test_every_kind_of_process_is_started_again(tmp_path: Path, start: Start) -> None:
    data = tmp_path / "data"
    up = await start(data)
    await store(data, 1)
    for name, words in PROCESSES.items():
        pid = up.pid_of(*words)
        came_back = up.said().count(f"{name} is back")
        os.kill(pid, signal.SIGKILL)
        await until(lambda name=name, before=came_back: up.said().count(f"{name} is back") > before, 60)  # type: ignore[misc]
        assert up.pid_of(*words) != pid
        deadline = asyncio.get_running_loop().time() + 20
        while not await is_ready(up):
            assert asyncio.get_running_loop().time() < deadline, words
            await asyncio.sleep(0.1)
        print(f"{name}: killed, back, ready")  # noqa: T201
    assert await stored(data) == [[1], [1]]
    code, seconds, _ = await up.terminate()
    assert code == 0
    assert seconds < 10
    assert up.living() == []


@pytest.mark.drill
async def test_ten_kills_of_everything_lose_no_committed_row(tmp_path: Path, start: Start) -> None:
    data = tmp_path / "data"
    for number in range(10):
        up = await start(data)
        if number:
            assert await stored(data) == [list(range(number))] * 2
        await store(data, number)
        if number % 2:
            up.process.kill()
            await up.process.wait()
        else:
            await up.kill_everything()
        print(f"kill {number + 1} of 10: ready in {up.seconds_to_ready:.1f} s")  # noqa: T201
        await until(lambda up=up: not up.living(), 5)  # type: ignore[misc]
    assert json.loads((data / "run" / "stack.json").read_text())["pid"] == up.process.pid
