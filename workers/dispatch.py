"""From the outbox to the queue: claims what is due, shard by shard, and enqueues it.

Each shard goes its own way: one that is slow holds up no other, but takes a place of those of its node.
"""

import asyncio
from collections import defaultdict
from collections.abc import Collection

import structlog
from arq.connections import ArqRedis

from core import clock
from core.crash import crash_point
from core.errors import ShardUnavailable
from services.backend import Backend
from services.deliveries import Claimed, claim, due_shards, overdue_shards, put_back, sweep
from services.queues import queue_depths
from workers.family import JobFamily
from workers.loops import AWAY
from workers.queue import enqueue
from workers.wake import Wake

SHARDS_AT_ONCE = 8
"""Of a node."""
QUEUE_LIMIT = 2_000
"""Jobs in a family's queue beyond which the rest waits in the outbox, where it costs no memory."""
ROOM_SECONDS = 0.1
"""How long it is believed that a queue has room or has none. What is enqueued meanwhile is counted."""
log = structlog.get_logger("relay")


class Dispatcher:
    """Any number of them may run beside each other."""

    def __init__(self, backend: Backend, queue: ArqRedis, families: Collection[JobFamily], wake: Wake) -> None:
        self._backend = backend
        self._queue = queue
        self._families = families
        self._family_of = {name: family for family in families for name in family.functions}
        self._wake = wake
        self._turns: defaultdict[int, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(SHARDS_AT_ONCE))
        self._depth: dict[str, int] = {}
        self._believed_until = 0.0
        self._asking = asyncio.Lock()
        self._under_way: set[int] = set()
        self._again: set[int] = set()
        self._paused_until = 0.0

    async def run(self) -> None:
        """Relays what it is woken for at once, and all that is due at each poll. A shard is never relayed twice at
        once: what it is woken for meanwhile comes behind that."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._look())
            while True:
                await asyncio.sleep(max(0.0, self._paused_until - clock.monotonic()))
                called = self._wake.take()
                self._again |= called & self._under_way
                for shard in called - self._under_way:
                    self._under_way.add(shard)
                    tasks.create_task(self._follow(shard))
                await self._wake.wait(self._backend.settings.relay_poll_seconds)

    async def relay(self) -> None:
        """One round over all shards with something due, to its end. Raises RedisError or OSError."""
        self._believed_until = 0.0
        shards = await due_shards(self._backend.reader(), await self._handlers_with_room())
        await asyncio.gather(*map(self._relay_shard, shards))

    async def sweep(self) -> None:
        """One round that takes back what the queue or a worker lost. What has used up its tries is dead."""
        for shard in await overdue_shards(self._backend.reader()):
            try:
                states = await sweep(self._backend, shard)
            except ShardUnavailable:
                continue
            if states:
                log.warning("swept", shard=shard, pending=states.count("PENDING"), dead=states.count("DEAD"))
                self._wake.call([shard])

    async def _look(self) -> None:
        """Calls for all shards with something due, again and again."""
        while True:
            try:
                self._wake.call(await due_shards(self._backend.reader(), await self._handlers_with_room()))
            except AWAY as fault:
                self._pause(fault)
            await asyncio.sleep(self._backend.settings.relay_poll_seconds)

    async def _follow(self, shard: int) -> None:
        try:
            await self._relay_shard(shard)
        except AWAY as fault:
            self._pause(fault)
        finally:
            self._under_way.discard(shard)
            if shard in self._again:
                self._again.discard(shard)
                self._wake.call([shard])

    def _pause(self, fault: BaseException) -> None:
        """The queue does not answer: what is due stays in the outbox for a while."""
        now = clock.monotonic()
        if now >= self._paused_until:
            log.warning("queue_away", fault=repr(fault))
            self._paused_until = now + self._backend.settings.relay_poll_seconds
        self._believed_until = 0.0

    async def _handlers_with_room(self) -> list[str]:
        """Raises RedisError or OSError."""
        async with self._asking:
            if clock.monotonic() >= self._believed_until:
                depths = await queue_depths(self._queue, [family.family for family in self._families])
                self._depth = {family.queue: depths[family.family] for family in self._families}
                self._believed_until = clock.monotonic() + ROOM_SECONDS
        return [name for name, family in self._family_of.items() if self._depth[family.queue] < QUEUE_LIMIT]

    async def _relay_shard(self, shard: int) -> None:
        """Raises RedisError or OSError where the queue is away before anything is claimed."""
        async with self._turns[self._backend.shards.node_of(shard)]:
            try:
                claimed = await claim(self._backend, shard, await self._handlers_with_room())
            except ShardUnavailable:
                return
            if not claimed:
                return
            crash_point("relay.after_claim")
            await self._enqueue(shard, claimed)
            crash_point("relay.after_enqueue")
        if claimed.is_full:
            self._wake.call([shard])

    async def _enqueue(self, shard: int, claimed: Collection[Claimed]) -> None:
        """What the queue did not take goes back to the outbox; where that fails too, the sweeper finds it."""
        jobs = [(self._family_of[one.handler], one) for one in claimed]
        for family, _ in jobs:
            self._depth[family.queue] += 1
        try:
            await enqueue(self._queue, jobs)
        except AWAY as fault:
            self._pause(fault)
            log.warning("enqueue_failed", shard=shard, jobs=len(jobs))
            try:
                await put_back(self._backend, shard, claimed)
            except ShardUnavailable:
                return
