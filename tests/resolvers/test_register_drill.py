"""What must hold over real processes: one username, many who want it, and some of them die."""

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from rich.progress import track

from models.tables import ClaimKind
from services.accounts.claims import Name, sweep_claims
from services.backend import Backend
from tests.api import Api
from tests.factories import new_username
from tests.resolvers.accounts import registered
from tests.services.accounts.names_in_store import let_expire, orphans, state_of

ROOT = Path(__file__).resolve().parents[2]
PEOPLE = 50

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


@contextlib.asynccontextmanager
async def api_process(environment: dict[str, str]) -> AsyncIterator[tuple[Api, asyncio.subprocess.Process]]:
    """An API in a process of its own."""
    # Ours is closed at once: else the kernel would take connections for a process that is dead.
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            *("app.py", "--fd", str(listening.fileno())),
            env=environment,
            cwd=ROOT,
            pass_fds=[listening.fileno()],
            stdout=asyncio.subprocess.DEVNULL,
        )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            await client.get("/healthz")
            yield Api(client), child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGTERM)  # `terminate` asks after a dead one first, and so loses how it died
        await child.wait()


async def answer_of(api: Api, username: str, number: int) -> str:
    """`won`, a refusal's code and field, or `lost` where no answer came."""
    try:
        payload: dict[str, Any] = await registered(api, username, email=f"{username}.{number}@example.com")
    except httpx.TransportError:
        return "lost"
    return " ".join([error["code"] + str(error["field"]) for error in payload["userErrors"]]) or "won"


async def race(apis: list[Api], username: str) -> Counter[str]:
    return Counter(await asyncio.gather(*(answer_of(apis[n % len(apis)], username, n) for n in range(PEOPLE))))


async def settle_all(backend: Backend, username: str) -> None:
    names = [Name(ClaimKind.EMAIL, f"{username}.{number}@example.com") for number in range(PEOPLE)]
    await let_expire(backend, Name(ClaimKind.USERNAME, username), *names)
    await sweep_claims(backend)


async def test_fifty_at_once_over_two_processes_one_succeeds(
    backend: Backend, child_environment: dict[str, str]
) -> None:
    async with api_process(child_environment) as (one, _), api_process(child_environment) as (two, _):
        for _ in track(range(10), description="races"):
            username = new_username()
            assert await race([one, two], username) == {"won": 1, "TAKEN['username']": PEOPLE - 1}
            assert await orphans(backend, username) == []


@pytest.mark.parametrize("point", ["register.after_claim", "register.after_row"])
async def test_with_crashes_at_most_one_succeeds_and_nothing_is_left_behind(
    backend: Backend, child_environment: dict[str, str], tmp_path: Path, point: str
) -> None:
    crashes = 0
    async with api_process(child_environment) as (two, _):
        for turn in track(range(20), description=point):
            if crashes == 3:  # the other process may be the first, and then nobody dies
                break
            data = tmp_path / str(turn)
            data.mkdir()
            mortal = child_environment | {"CRASH_AT": f"{point}:2", "HELIOGRAPH_DATA": os.fspath(data)}
            crashes += await _race_with_crash(backend, mortal, two, has_row=point == "register.after_row")
    assert crashes == 3


async def _race_with_crash(backend: Backend, mortal: dict[str, str], two: Api, *, has_row: bool) -> bool:
    """Whether the process died; `has_row` if it then had written its user."""
    username = new_username()
    async with api_process(mortal) as (one, first):
        await registered(one, new_username())  # a process that has just begun would be too slow to win
        answers = await race([one, two], username)
    crashed = first.returncode == -signal.SIGKILL
    assert answers["won"] <= 1
    assert set(answers) <= {"won", "TAKEN['username']", "lost"}
    assert crashed or answers == {"won": 1, "TAKEN['username']": PEOPLE - 1}
    await settle_all(backend, username)
    expected = bool(answers["won"]) or (crashed and has_row)
    kept = await state_of(backend, Name(ClaimKind.USERNAME, username))
    assert kept == ("CONFIRMED" if expected else None)
    again = await registered(two, username, email=f"{username}.again@example.com")
    assert [error["code"] for error in again["userErrors"]] == (["TAKEN"] if expected else [])
    assert await orphans(backend, username) == []
    return crashed
