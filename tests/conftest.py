"""The servers that all tests share: real ones, started once a run, in a folder of their own."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.embedded.stack import Stack, embedded_stack, environment
from core.settings import Settings
from media.storage import ObjectStorage
from models.migrate import migrate_all
from services.backend import Backend
from tests.api import Api
from tests.serving import api_client, api_server

# Hashing a password is meant to be dear; not so for the hundreds of people that tests make.
os.environ.setdefault("HELIOGRAPH_PASSWORD_MEMORY_KIB", "8")
os.environ.setdefault("HELIOGRAPH_PASSWORD_PASSES", "1")
# Some upload more than anybody would. tests/services/uploads/test_quotas.py sets limits.
for _quota in ("UPLOADS_PER_DAY", "PHOTOGRAPHS_PER_MONTH", "VIDEOS_PER_MONTH"):
    os.environ.setdefault(f"HELIOGRAPH_{_quota}", "0")
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


@pytest.fixture(scope="module")
async def storage(settings: Settings) -> AsyncIterator[ObjectStorage]:
    opened = ObjectStorage(settings)
    await opened.ensure_bucket()
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
async def server_url(settings: Settings) -> AsyncIterator[str]:
    async with api_server(settings) as url:
        yield url


@pytest.fixture(scope="session")
async def socket_url(server_url: str) -> str:
    """`ws://…/graphql` of the same."""
    return server_url.replace("http", "ws", 1) + "/graphql"


@pytest.fixture(scope="session")
async def api(server_url: str) -> AsyncIterator[Api]:
    async with api_client(server_url) as client:
        yield client
