"""Cancels at a turn of the event loop, so that a race is met each time instead of now and then."""

import asyncio
from collections.abc import Awaitable, Callable


async def cancelled_at(turns: int, work: Callable[[], Awaitable[object]]) -> bool:
    """Whether a task that does the work, and would go on for long, ends by one cancellation after so many turns."""

    async def going_on() -> None:
        await work()
        await asyncio.sleep(10)

    task = asyncio.create_task(going_on())
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=2)
    if task.done():
        return task.cancelled()
    task.cancel()
    await asyncio.wait([task])
    return False
