"""A stack of its own, whose servers these tests may kill."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.embedded.stack import Stack, embedded_stack
from core.settings import Settings
from models.migrate import migrate_all
from services.backend import Backend


@pytest.fixture(scope="session")
async def own_stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Embedded servers that nobody else uses, with waits that suit a test."""
    data: Path = tmp_path_factory.mktemp("killed")
    patience = Settings(
        data=data,
        database_urls=[],
        redis_url="",
        queue_url="",
        s3_endpoint="",
        sweep_after_seconds=1.5,
        relay_poll_seconds=0.25,
        job_backoff_seconds=0.1,
    )
    async with embedded_stack(data, patience) as running:
        await migrate_all(running.settings)
        yield running


@pytest.fixture(scope="session")
async def own_backend(own_stack: Stack) -> AsyncIterator[Backend]:
    opened = await Backend.open(own_stack.settings)
    yield opened
    await opened.close()
