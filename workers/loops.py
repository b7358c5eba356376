"""Work that comes again and again, and does not end because a server is away for a while."""

import asyncio
from collections.abc import Awaitable, Callable

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
