"""Live events within this server: one listener per process on Redis, any number of local subscribers.

An event says only that something happened; who is woken reads the truth. So a lost event delays, and loses
nothing: a subscriber also looks by itself now and then.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog
from redis.asyncio import Redis
from redis.asyncio.client import PubSub
from redis.exceptions import RedisError

log = structlog.get_logger()
RETRY_SECONDS = 0.5
CONFIRM_SECONDS = 2.0
PING_SECONDS = 10.0
QUEUE_LENGTH = 64
# Keeps the connection subscribed while nobody listens to anything.
OWN_CHANNEL = "live"


def user_channel(user_id: int) -> str:
    """Where a user's own streams are announced."""
    return f"user:{user_id}"


def session_channel(user_id: int) -> str:
    """Where it is said that sessions of the user ended: the message is a session's number, or empty for all."""
    return f"sessions:{user_id}"


@dataclass(slots=True)
class _Channel:
    queues: set[asyncio.Queue[bytes]] = field(default_factory=set)
    confirmed: asyncio.Event = field(default_factory=asyncio.Event)


async def _end(*tasks: asyncio.Task[None], patience: float) -> None:
    """Cancels them until they are gone, should a library swallow a cancellation, as `wait_for` in Python 3.11 does."""
    while running := [task for task in tasks if not task.done()]:
        for task in running:
            task.cancel()
        await asyncio.wait(running, timeout=patience)
    for task in tasks:
        if not task.cancelled():
            task.exception()  # seen: nobody need warn of it


class Live:
    """`start()` it once per process, `stop()` it at the end."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._channels: dict[str, _Channel] = {}
        self._confirmed: set[str] = set()
        self._changed = asyncio.Event()
        self._listener: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._listener = asyncio.create_task(self._listen())

    async def stop(self) -> None:
        if self._listener is not None:
            await _end(self._listener, patience=2.0)

    @contextlib.asynccontextmanager
    async def subscribe(self, *channels: str) -> AsyncIterator["asyncio.Queue[bytes]"]:
        """A queue of the messages on these channels from now on: Redis has confirmed it. When it overflows the oldest
        go: each is only a wake-up. Where Redis is away, it begins after CONFIRM_SECONDS all the same, and an empty
        message comes when Redis is back."""
        queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_LENGTH)
        try:
            joined = [self._join(channel, queue) for channel in channels]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(CONFIRM_SECONDS):
                    for channel in joined:
                        await channel.confirmed.wait()
            yield queue
        finally:
            for name in channels:
                self._leave(name, queue)

    def deliver(self, name: str, message: bytes) -> None:
        channel = self._channels.get(name)
        for queue in channel.queues if channel else ():
            if queue.full():
                queue.get_nowait()
            queue.put_nowait(message)

    def _join(self, name: str, queue: asyncio.Queue[bytes]) -> _Channel:
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = _Channel()
            if name in self._confirmed:
                channel.confirmed.set()
            self._changed.set()
        channel.queues.add(queue)
        return channel

    def _leave(self, name: str, queue: asyncio.Queue[bytes]) -> None:
        """Awaits nothing, so that a subscriber that is cancelled leaves nothing behind."""
        channel = self._channels.get(name)
        if channel is None:
            return
        channel.queues.discard(queue)
        if not channel.queues:
            del self._channels[name]
            self._changed.set()

    async def _listen(self) -> None:
        while True:
            try:
                await self._follow()
            except (RedisError, OSError) as fault:
                log.warning("live_listener_lost", fault=type(fault).__name__)
            except Exception:
                log.exception("live_listener_failed")  # whatever it was, the others still want to be woken
            self._confirmed.clear()
            await asyncio.sleep(RETRY_SECONDS)

    async def _follow(self) -> None:
        """One connection's life. Ends by raising what ended it."""
        async with self._redis.pubsub() as pubsub:
            await pubsub.subscribe(OWN_CHANNEL)
            tasks = [asyncio.create_task(self._send(pubsub)), asyncio.create_task(self._receive(pubsub))]
            try:
                done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                for task in done:
                    task.result()
            finally:
                await _end(*tasks, patience=0.1)

    async def _send(self, pubsub: PubSub) -> None:
        """Asks Redis for what subscribers want: one task alone does, so that no two commands overtake each other."""
        asked: set[str] = set()
        while True:
            self._changed.clear()
            wanted = set(self._channels)
            unwanted, missing = asked - wanted, wanted - asked
            asked = wanted
            self._confirmed -= unwanted
            if unwanted:
                await pubsub.unsubscribe(*unwanted)
            if missing:
                await pubsub.subscribe(*missing)
            await self._changed.wait()

    async def _receive(self, pubsub: PubSub) -> None:
        """Raises ConnectionError when the other side has gone silent: not even a ping comes back."""
        awaits_pong = False
        while True:
            message = await pubsub.get_message(timeout=PING_SECONDS)
            if message is None:
                if awaits_pong:
                    raise ConnectionError("no answer to a ping")
                await pubsub.ping()
                awaits_pong = True
                continue
            awaits_pong = False
            kind = message["type"]
            if kind == "message":
                self.deliver(message["channel"].decode(), message["data"])
            elif kind == "subscribe":
                self._confirm(message["channel"].decode())

    def _confirm(self, name: str) -> None:
        channel = self._channels.get(name)
        if channel is None:
            return
        self._confirmed.add(name)
        channel.confirmed.set()
        # Nobody knows what was missed before, so everyone looks once.
        self.deliver(name, b"")
