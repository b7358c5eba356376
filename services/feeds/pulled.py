"""Which posts are *pulled*: read when a feed is read, because their authors have too many followers to be pushed into
each one's timeline (`models.tables.PulledInterval`). All others are pushed.

Every process knows all intervals of all authors. What it knows may be 30 seconds old (`STALE_SECONDS`): posts of an
interval's first minute are pushed as well, so whoever has not heard of it lacks nothing; of an interval that has ended
and is believed to be open more is read than needed. `Pulled.is_current` tells whether a reader may still rely on it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from core import clock
from models.ids import MAX_ID
from models.reads.pulled import GRACE_MS, PULLED_INTERVALS
from services.backend import Backend

GRACE_SECONDS = GRACE_MS / 1000
FRESH_SECONDS = 10.0
"""What is older is read anew, behind the answer."""
STALE_SECONDS = 30.0
"""What is older is read anew before the answer."""
RETRY_SECONDS = 1.0
"""How soon a node is asked again that did not answer."""
PATIENCE_SECONDS = 1.0
"""How long an answer waits for nodes that are slow."""
TRUSTED_SECONDS = GRACE_SECONDS - 10
"""With it nobody may look into a timeline when it is older. What is left of the grace is for the transaction that opens
an interval, and for clocks that do not run alike."""
NEVER = float("-inf")


class Interval(NamedTuple):
    """Posts of the author with since_id <= id < until_id are pulled; MAX_ID where it has not ended."""

    author_id: int
    since_id: int
    until_id: int


@dataclass(frozen=True, slots=True)
class Pulled:
    """The intervals of each author who has or had any, oldest first, as they were at `known_at` (clock.monotonic)."""

    intervals: Mapping[int, tuple[Interval, ...]] = field(default_factory=dict)
    known_at: float = NEVER

    def of(self, author_ids: Iterable[int]) -> list[Interval]:
        return [interval for author_id in author_ids for interval in self.intervals.get(author_id, ())]

    def is_current(self) -> bool:
        """Whether a timeline that was read before this moment has all posts that are not pulled by these intervals."""
        return clock.monotonic() - self.known_at < TRUSTED_SECONDS


@dataclass(slots=True, eq=False)
class _Memory:
    """`nodes`: when a node was asked, and what it said. One that is out of reach keeps its word: nor do its posts
    reach anybody."""

    nodes: dict[int, tuple[float, list[Interval]]] = field(default_factory=dict)
    silent: set[int] = field(default_factory=set)
    read_at: float = NEVER
    pulled: Pulled = field(default_factory=Pulled)


async def pulled_authors(backend: Backend) -> Pulled:
    """What this process knows; it costs no statement but once in a while, and one per node then, for all who ask."""
    memory: _Memory = backend.kept.setdefault(_Memory, _Memory())
    age = clock.monotonic() - memory.read_at
    if age > (RETRY_SECONDS if memory.silent else FRESH_SECONDS):
        reading = backend.background.begin(memory, lambda: _read(backend, memory), waits_turn=False)
        if age > STALE_SECONDS:
            await asyncio.wait([reading], timeout=PATIENCE_SECONDS)
    return memory.pulled


def forget_pulled(backend: Backend) -> None:
    """Who asks next reads anew: for those who have changed an interval."""
    backend.kept.pop(_Memory, None)


async def _read(backend: Backend, memory: _Memory) -> None:
    began, reader = clock.monotonic(), backend.reader()

    async def ask(node: int) -> None:
        rows = await reader.on_node(node, PULLED_INTERVALS)
        if node not in reader.unavailable:
            known = [Interval(row["author_id"], row["since_id"], row["until_id"] or MAX_ID) for row in rows]
            memory.nodes[node] = (began, known)

    await asyncio.gather(*map(ask, range(reader.shards.node_count)))
    memory.silent, memory.read_at = reader.unavailable, began
    memory.pulled = Pulled(_by_author(one for _, known in memory.nodes.values() for one in known), began)


def _by_author(known: Iterable[Interval]) -> dict[int, tuple[Interval, ...]]:
    """Those that touch are made one: who reads them counts on each post being in one at most."""
    by_author: dict[int, list[Interval]] = {}
    for interval in sorted(known):
        some = by_author.setdefault(interval.author_id, [])
        if some and interval.since_id <= some[-1].until_id:
            last = some.pop()
            some.append(last._replace(until_id=max(last.until_id, interval.until_id)))
        else:
            some.append(interval)
    return {author_id: tuple(some) for author_id, some in by_author.items()}
