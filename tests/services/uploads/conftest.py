"""People with uploads, and what makes pictures for them."""

from collections.abc import AsyncIterator

import pytest

from media.runner import ImageRunner
from services.backend import Backend
from tests.factories import make_user
from tests.uploading import Uploader


@pytest.fixture(scope="session", autouse=True)
async def _bucket(backend: Backend) -> None:
    await backend.storage.ensure_bucket()


@pytest.fixture
async def alice(backend: Backend) -> Uploader:
    return Uploader(backend, (await make_user(backend)).id)


@pytest.fixture
async def mallory(backend: Backend) -> Uploader:
    return Uploader(backend, (await make_user(backend)).id)


@pytest.fixture(scope="session")
async def runner() -> AsyncIterator[ImageRunner]:
    async with ImageRunner(processes=1) as runner:
        yield runner
