"""The servers that all tests share: real ones, started once a run, in a folder of their own."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.embedded.stack import Stack, embedded_stack, environment
from core.settings import Settings
from models.migrate import migrate_all


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
