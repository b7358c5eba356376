"""The servers that all tests share: real ones, started once a run, in a folder of their own."""

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.embedded.stack import Stack, embedded_stack, environment
from core.settings import Settings
from models.migrate import migrate_all
from services.backend import Backend
from tests.api import Api

# Hashing a password is meant to be dear; not so for the hundreds of people that tests make.
os.environ.setdefault("HELIOGRAPH_PASSWORD_MEMORY_KIB", "8")
os.environ.setdefault("HELIOGRAPH_PASSWORD_PASSES", "1")
# Thousands of answers find nothing. tests/sweep/test_response_times.py takes the real one.
os.environ.setdefault("HELIOGRAPH_MISS_STEP_SECONDS", "0")


@pytest.fixture(scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """PostgreSQL ×2 (migrated), Valkey and SeaweedFS; real ones where HELIOGRAPH_* names them."""
    data: Path = tmp_path_factory.mktemp("stack")
    async with embedded_stack(data, Settings(data=data)) as running:
        await migrate_all(running.settings)
        yield running


@pytest.fixture(scope="session")
async def settings(stack: Stack) -> Settings:
    return stack.settings


@pytest.fixture(scope="session")
async def child_environment(settings: Settings) -> dict[str, str]:
    """Variables with which a child process works on the same servers."""
    return {**os.environ, **environment(settings)}


@pytest.fixture(scope="session")
async def backend(settings: Settings) -> AsyncIterator[Backend]:
    opened = await Backend.open(settings)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def server_url(settings: Settings) -> AsyncIterator[str]:
    """`http://HOST:PORT` of an API on a real socket, in this process."""
    from app import serve  # a test that needs no API does not wait for the schema to be built

    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(serve(listening, settings))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    listening.close()


@pytest.fixture(scope="session")
async def socket_url(server_url: str) -> str:
    """`ws://…/graphql` of the same."""
    return server_url.replace("http", "ws", 1) + "/graphql"


@pytest.fixture(scope="session")
async def api(server_url: str) -> AsyncIterator[Api]:
    async with httpx.AsyncClient(base_url=server_url, timeout=30) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/healthz")).status_code == httpx.codes.OK:
                    break
            await asyncio.sleep(0.05)
        yield Api(client)
