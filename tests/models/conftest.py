"""Databases of their own for tests that change the schema or the shard map."""

from collections.abc import AsyncIterator

import pytest

from core.settings import Settings
from tests.empty_store import empty_databases


@pytest.fixture
async def empty(settings: Settings) -> AsyncIterator[Settings]:
    """Two nodes without a table."""
    async with empty_databases(settings, "models_empty") as own:
        yield own
