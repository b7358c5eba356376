from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.backend import Backend
from services.background import Background
from tests.services.feeds.sponsors import end_all_sponsorships
from tests.services.feeds.town import Town


@pytest.fixture
async def town(backend: Backend) -> AsyncIterator[Town]:
    yield Town(backend)
    await backend.background.settled()


@pytest.fixture
async def small(backend: Backend) -> AsyncIterator[Town]:
    """A town whose timelines hold 8 posts, and whose fan-outs go by 3 followers."""
    few = backend.settings.model_copy(update={"timeline_length": 8, "fanout_chunk": 3})
    own = replace(backend, settings=few, background=Background())
    yield Town(own)
    await own.background.settled()


@pytest.fixture
async def market(town: Town) -> AsyncIterator[Town]:
    """A town in which nothing is sponsored yet."""
    await end_all_sponsorships(town.backend)
    yield town
    await end_all_sponsorships(town.backend)
