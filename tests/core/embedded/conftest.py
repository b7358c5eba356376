"""A stack of its own, which tests here may kill, beside the one that all tests share."""

from collections.abc import AsyncIterator

import pytest

from core.embedded.stack import Stack, embedded_stack
from core.settings import Settings


@pytest.fixture(scope="session")
async def reports() -> list[str]:
    """What the supervisor of `own_stack` has said so far."""
    return []


@pytest.fixture(scope="session")
async def own_stack(tmp_path_factory: pytest.TempPathFactory, reports: list[str]) -> AsyncIterator[Stack]:
    data = tmp_path_factory.mktemp("own stack")
    empty = Settings(data=data, database_urls=[], redis_url="", queue_url="", s3_endpoint="")
    async with embedded_stack(data, empty, report=reports.append) as stack:
        yield stack
