"""Waits for what another process does."""

import asyncio
from collections.abc import Callable

from core import clock


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = clock.monotonic() + seconds
    while not condition():
        assert clock.monotonic() < deadline, "did not happen in time"
        await asyncio.sleep(0.02)
