"""Stacks that a test starts with `cli.py up`, ended with it whatever happens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from tests.commands.stacks import Up, start_up

Start = Callable[..., Awaitable[Up]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """`await start(data, *arguments)` returns when the stack is ready."""
    started: list[Up] = []

    async def begin(data: Path, *arguments: str) -> Up:
        up = await start_up(data, *arguments, errors=tmp_path / f"errors-{len(started)}")
        started.append(up)
        return up

    yield begin
    for up in started:
        if up.process.returncode is None:
            await up.kill_everything()
