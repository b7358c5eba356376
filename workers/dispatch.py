"""From the outbox to the queue: claims what is due, shard by shard, and enqueues it."""

import asyncio
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
QUEUE_LIMIT = 2_000
"""Jobs in a family's queue beyond which the rest waits in the outbox, where it costs no memory."""
log = structlog.get_logger("relay")


class Dispatcher:
    """Any number of them may run beside each other."""

    def __init__(self, backend: Backend, queue: ArqRedis, families: Collection[JobFamily], wake: Wake) -> None:
        self._backend = backend
        self._queue = queue
        self._families = families
        self._family_of = {name: family for family in families for name in family.functions}
        self._wake = wake
        self._turns = asyncio.Semaphore(SHARDS_AT_ONCE)

    async def run(self) -> None:
        """Relays what it is woken for at once, and all that is due at each poll."""
        poll = self._backend.settings.relay_poll_seconds
        look_at = clock.monotonic()
        while True:
            shards = self._wake.take()
            looks = clock.monotonic() >= look_at
            if looks:
                look_at = clock.monotonic() + poll
            try:
                await self.relay(shards, look=looks)
            except AWAY as fault:  # the queue does not answer: what is due stays in the outbox
                log.warning("queue_away", fault=repr(fault))
                await asyncio.sleep(poll)
            await self._wake.wait(max(0.0, look_at - clock.monotonic()))

    async def relay(self, shards: Collection[int] = (), *, look: bool = True) -> None:
        """One round over the given shards and, where it is to look, all those with something due.

        Raises RedisError or OSError.
        """
        handlers = await self._handlers_with_room()
        if look:
            shards = {*shards, *await due_shards(self._backend.reader(), handlers)}
        await asyncio.gather(*(self._relay_shard(shard, handlers) for shard in shards))

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

    async def _handlers_with_room(self) -> list[str]:
        depth = await queue_depths(self._queue, [family.family for family in self._families])
        return [name for name, family in self._family_of.items() if depth[family.family] < QUEUE_LIMIT]

    async def _relay_shard(self, shard: int, handlers: Collection[str]) -> None:
        async with self._turns:
            try:
                claimed = await claim(self._backend, shard, handlers)
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
        sent = await asyncio.gather(
            *(enqueue(self._queue, self._family_of[one.handler], one) for one in claimed), return_exceptions=True
        )
        unsent = []
        for one, fault in zip(claimed, sent, strict=True):
            if isinstance(fault, AWAY):
                unsent.append(one)
            elif fault is not None:
                raise fault
        if unsent:
            log.warning("enqueue_failed", shard=shard, jobs=len(unsent))
            try:
                await put_back(self._backend, shard, unsent)
            except ShardUnavailable:
                return
