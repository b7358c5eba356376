"""Work that comes again and again, and does not end because a server is away for a while."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from redis.exceptions import RedisError

from core.errors import ShardUnavailable
from media.errors import StorageUnavailable

AWAY = (ShardUnavailable, StorageUnavailable, RedisError, OSError)
log = structlog.get_logger("relay")


async def every(seconds: float, work: Callable[[], Awaitable[object]], name: str) -> None:
    """Does it, waits, does it again. Raises what is no outage: a fault of ours, of which the process is to die."""
    while True:
        try:
            await work()
        except AWAY as fault:
            log.warning("server_away", during=name, fault=repr(fault))
        await asyncio.sleep(seconds)


async def end(task: asyncio.Task[Any]) -> None:
    """Cancels it until it has ended: a library that waits for something else at that moment may swallow one call."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=0.1)
