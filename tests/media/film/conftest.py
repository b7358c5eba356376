"""A runner for films."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from media.film.runner import FilmRunner


@pytest.fixture(scope="module")
async def runner() -> AsyncIterator[FilmRunner]:
    async with FilmRunner() as runner:
        yield runner


@pytest.fixture
def out_dir(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    folder.mkdir()
    return folder
