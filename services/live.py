"""Live events within this server: one listener per process on Redis, any number of local subscribers.

An event says only that something happened; who is woken reads the truth. So a lost event delays, and loses
nothing: a subscriber also looks by itself now and then.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = structlog.get_logger()
RETRY_SECONDS = 0.5
CONFIRM_SECONDS = 2.0


def user_channel(user_id: int) -> str:
    """Where a user's own streams are announced."""
    return f"user:{user_id}"


def session_channel(user_id: int) -> str:
    """Where it is said that sessions of the user ended: the message is a session's number, or empty for all."""
    return f"sessions:{user_id}"


class Live:
    """`start()` it once per process, `stop()` it at the end."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._subscribers: dict[str, set[asyncio.Queue[bytes]]] = {}
        self._confirmed: dict[str, asyncio.Event] = {}
        self._pubsub: PubSub | None = None
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._listener is not None:
            self._listener.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listener

    @contextlib.asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator["asyncio.Queue[bytes]"]:
        """A queue of the messages on these channels from now on. When it overflows the oldest go: each is only a
        wake-up. Where Redis is away, it begins when Redis is back, with an empty message."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(maxsize=64)
        for channel in channels:
            self._subscribers.setdefault(channel, set()).add(queue)
            await self._begin(channel)
        try:
            yield queue
        finally:
            for channel in channels:
                self._subscribers[channel].discard(queue)
                if not self._subscribers[channel]:
                    await self._end(channel)

    def deliver(self, channel: str, message: bytes) -> None:
        for queue in self._subscribers.get(channel, ()):
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(message)

    async def _begin(self, channel: str) -> None:
        if channel not in self._confirmed:
            self._confirmed[channel] = asyncio.Event()
            if self._pubsub is not None:
                with contextlib.suppress(RedisError, OSError):  # the listener notices it too, and begins anew
                    await self._pubsub.subscribe(channel)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._confirmed[channel].wait(), CONFIRM_SECONDS)

    async def _end(self, channel: str) -> None:
        del self._subscribers[channel]
        self._confirmed.pop(channel, None)
        if self._pubsub is not None:
            with contextlib.suppress(RedisError, OSError):
                await self._pubsub.unsubscribe(channel)

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as fault:
                log.warning("live_listener_lost", fault=type(fault).__name__)
            self._pubsub = None
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        async with self._redis.pubsub() as pubsub:
            # A channel of its own keeps the connection open while nobody listens to anything.
            await pubsub.subscribe("live", *self._subscribers)
            self._pubsub = pubsub
            async for message in pubsub.listen():
                channel = message["channel"].decode()
                if message["type"] == "subscribe" and channel in self._confirmed:
                    self._confirmed[channel].set()
                    # Nobody knows what was missed before, so everyone looks once.
                    self.deliver(channel, b"")
                elif message["type"] == "message":
                    self.deliver(channel, message["data"])
