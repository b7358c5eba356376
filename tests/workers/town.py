"""People who register while servers die, and how they fare."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert

from core import clock
from core.embedded.processes import ProcessSpec
from core.embedded.stack import Stack, environment
from core.settings import ROOT
from models.tables import Delivery, User
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit


async def register(backend: Backend) -> int:
    """A new user with a UserRegistered event, in one transaction, as registration writes them; the user's id."""
    async with backend.transaction(backend.shards.any_shard()) as transaction:
        user_id = await transaction.mint_id()
        await transaction.session.execute(insert(User).values(id=user_id, username=f"u{user_id}"))
        await emit(transaction, EventKind.USER_REGISTERED, {"user_id": user_id})
    return user_id


async def register_many(backend: Backend, count: int) -> list[int]:
    return list(await asyncio.gather(*(register(backend) for _ in range(count))))


def tell(line: str) -> None:
    """For whoever watches a drill."""
    sys.stderr.write(f"{line}\n")


@dataclass(frozen=True, slots=True)
class Fleet:
    """The relay and a worker of the fast family, kept running as `cli.py up` does."""

    stack: Stack

    async def start(self, name: str, *module: str, crash_at: str = "") -> None:
        spec = ProcessSpec(
            name=name,
            argv=(sys.executable, "-m", *module),
            log=self.stack.folder.log / f"{name}.log",
            env={**os.environ, **environment(self.stack.settings), "CRASH_AT": crash_at},
            cwd=ROOT,
            last_resort=signal.SIGKILL,
        )
        await self.stack.supervisor.launch(spec)

    async def start_relay(self, crash_at: str = "") -> None:
        await self.start("relay", "workers.relay", crash_at=crash_at)

    async def start_worker(self, crash_at: str = "") -> None:
        await self.start("worker", "workers.run", "fast", crash_at=crash_at)

    def kill(self, name: str) -> None:
        os.kill(self.stack.supervisor.pid(name), signal.SIGKILL)

    def deaths(self, name: str) -> int:
        return self.stack.supervisor.deaths(name)


async def clear_outbox(backend: Backend) -> None:
    """What other tests left to be done, who run no workers: it would be done first."""
    for shard in range(backend.shards.logical_shards):
        async with backend.transaction(shard) as transaction:
            await transaction.session.execute(
                delete(Delivery).where(Delivery.shard == shard, Delivery.state.in_(["PENDING", "ENQUEUED"]))
            )


@contextlib.asynccontextmanager
async def fleet_of(stack: Stack) -> AsyncIterator[Fleet]:
    yield Fleet(stack)
    await stack.supervisor.stop(["relay", "worker"])


_WELCOMES = """
    SELECT u.id, (SELECT count(*) FROM notifications n WHERE n.recipient_id = u.id AND n.kind = 'WELCOME') AS welcomes,
           (SELECT array_agg(d.state) FROM events e JOIN deliveries d ON d.event_id = e.id
            WHERE shard_of(e.id) = shard_of(u.id) AND e.payload ->> 'user_id' = u.id::text) AS states
    FROM users u WHERE u.id = ANY($1)
"""


async def all_welcomed(backend: Backend, user_ids: Sequence[int], seconds: float = 60) -> float:
    """Waits until every delivery of these people is finished; fails unless each has exactly one welcome.

    Returns how many seconds it took.
    """
    began = clock.monotonic()
    while True:
        rows = await backend.reader().by_ids(_WELCOMES, user_ids)
        if len(rows) == len(user_ids) and all(set(row["states"] or ()) == {"DONE"} for row in rows):
            break
        assert clock.monotonic() - began < seconds, [(row["states"], row["welcomes"]) for row in rows]
        await asyncio.sleep(0.05)
    assert [row["welcomes"] for row in rows] == [1] * len(user_ids)
    dead = await backend.reader().on_every_node("SELECT event_id FROM deliveries WHERE state = 'DEAD'")
    assert dead == []
    return clock.monotonic() - began
