"""A store of its own: what is trending is chosen from everything that there is."""

from collections.abc import AsyncIterator

import pytest

from core.settings import Settings
from services.backend import Backend
from tests.empty_store import empty_store
from tests.services.feeds.explore.fair import Fair, emptied


@pytest.fixture(scope="session")
async def explore_store(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings, "explore_store", redis=6) as backend:
        yield backend


@pytest.fixture
async def fair(explore_store: Backend) -> Fair:
    """With nothing in it."""
    await emptied(explore_store.settings.database_urls)
    explore_store.kept.clear()
    return Fair(explore_store)
