"""Which shards are said to have new events: heard through Redis, looked for by whoever relays."""

import asyncio
import contextlib
from collections.abc import Iterable

import structlog
from redis.exceptions import RedisError

from services.backend import OUTBOX_CHANNEL, Backend

RETRY_SECONDS = 0.5
PING_SECONDS = 10.0
log = structlog.get_logger("relay")


class Wake:
    """Shards wait here, each once, until they are taken."""

    def __init__(self) -> None:
        self._shards: set[int] = set()
        self._called = asyncio.Event()

    def call(self, shards: Iterable[int]) -> None:
        self._shards.update(shards)
        if self._shards:
            self._called.set()

    def take(self) -> set[int]:
        taken, self._shards = self._shards, set()
        self._called.clear()
        return taken

    async def wait(self, seconds: float) -> None:
        """Returns when a shard was called, at the latest after so many seconds."""
        with contextlib.suppress(TimeoutError):
            # Not `wait_for`: in Python 3.11 it loses a cancellation that meets a call.
            async with asyncio.timeout(seconds):
                await self._called.wait()

    async def listen(self, backend: Backend) -> None:
        """Hears what is called on Redis; while Redis is away, nothing, and the poll has to do."""
        while True:
            try:
                await self._hear(backend)
            except (RedisError, OSError) as fault:
                log.warning("wake_listener_lost", fault=repr(fault))
            await asyncio.sleep(RETRY_SECONDS)

    async def _hear(self, backend: Backend) -> None:
        async with backend.redis.pubsub() as pubsub:
            await pubsub.subscribe(OUTBOX_CHANNEL)
            while True:
                message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=PING_SECONDS)
                if message is None:
                    await pubsub.ping()
                    continue
                with contextlib.suppress(ValueError):  # not one of ours
                    self.call([int(message["data"])])
