from dataclasses import replace

import pytest

from services.backend import Backend
from services.background import Background
from tests.services.feeds.town import Town


@pytest.fixture
def town(backend: Backend) -> Town:
    return Town(backend)


@pytest.fixture
def small(backend: Backend) -> Town:
    """A town whose timelines hold 8 posts, and whose fan-outs go by 3 followers."""
    few = backend.settings.model_copy(update={"timeline_length": 8, "fanout_chunk": 3})
    return Town(replace(backend, settings=few, background=Background()))
