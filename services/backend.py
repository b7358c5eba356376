"""The servers that services work with, opened once per process and handed to every service function."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Hashable
from dataclasses import dataclass, field
from typing import Any

import structlog
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from core.crash import crash_point
from core.redis import redis_pool
from core.sealed import seal_with
from core.settings import Settings
from media.cdn import Cdn, open_cdn
from media.judging.examiner import Examiner
from media.signing import MediaSigner
from media.storage import ObjectStorage
from models.reads.reader import Reader
from models.shards import Shards, Transaction
from services.background import Background
from services.mirrored import or_later

OUTBOX_CHANNEL = "outbox"
REDIS_CONNECTIONS = 64
REDIS_TURN_SECONDS = 5
PUBLISH_SECONDS = 1.0
"""How long who has committed waits for a Redis that hangs."""
log = structlog.get_logger()


def _redis_pool(url: str) -> BlockingConnectionPool:
    """A crowd waits its turn for a connection. A restarted Redis leaves dead ones behind: one retry; longer waits are
    for the callers to decide."""
    return redis_pool(
        BlockingConnectionPool,
        url,
        max_connections=REDIS_CONNECTIONS,
        timeout=REDIS_TURN_SECONDS,
        retry=Retry(NoBackoff(), 1),
    )


@dataclass(slots=True)
class Backend:
    """`redis` may be lost at any time; nothing in it is the truth. `kept` is what this process remembers of what it has
    read, by whoever reads it. `cdn` is None where there is no network of caches. `examiner` starts a process of its own
    when something is to be judged."""

    settings: Settings
    shards: Shards
    redis: Redis
    storage: ObjectStorage
    signer: MediaSigner
    cdn: Cdn | None = None
    examiner: Examiner = field(default_factory=Examiner)
    background: Background = field(default_factory=Background)
    kept: dict[Hashable, Any] = field(default_factory=dict)

    @classmethod
    async def open(cls, settings: Settings) -> "Backend":
        """Connects to the store; to the others at their first use. Close it when done. Raises ShardUnavailable."""
        shards = await Shards.open(settings)
        seal_with(settings.secret_key.get_secret_value())
        return cls(
            settings,
            shards,
            Redis.from_pool(_redis_pool(settings.redis_url)),
            ObjectStorage(settings),
            MediaSigner(settings.secret_key.get_secret_value(), settings.media_url_seconds),
            open_cdn(settings),
        )

    async def close(self) -> None:
        await self.background.close()
        await self.examiner.close()
        await self.redis.aclose()
        await self.storage.close()
        if self.cdn is not None:
            await self.cdn.close()
        await self.shards.close()

    def reader(self) -> Reader:
        """For one operation or job."""
        return Reader(self.shards)

    @contextlib.asynccontextmanager
    async def transaction(self, shard: int, *, crash_after_commit: str = "") -> AsyncIterator[Transaction]:
        """One transaction on one logical shard. After the commit it does what was to be done then, and wakes the relay
        if there was an event.

        `crash_after_commit` names a crash point between the two.
        """
        async with self.shards.transaction(shard) as transaction:
            yield transaction
        crash_point(crash_after_commit)
        for step in transaction.after_commit:
            await or_later(step(self))
        if transaction.has_events:
            await self.wake_relay(shard)

    async def wake_relay(self, shard: int) -> None:
        """Tells it that the shard has something due."""
        await self.publish(OUTBOX_CHANNEL, str(shard).encode())

    async def publish(self, channel: str, message: bytes) -> None:
        """Tells whoever listens. That nobody hears it, or Redis is away, is made good by those who look by
        themselves: the relay's poll, a stream's cursor."""
        try:
            async with asyncio.timeout(PUBLISH_SECONDS):
                await self.redis.publish(channel, message)
        except (RedisError, OSError) as fault:
            log.warning("publish_failed", channel=channel, fault=type(fault).__name__)
