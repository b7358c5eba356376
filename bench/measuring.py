"""What an operation costs on either side: rounds, interleaved."""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

import asyncpg
import psutil

from bench.crowd.rows import Crowd
from bench.load import Connection, Target, cpu_seconds, send_all
from bench.operations.operation import Call, Operation, Side
from bench.servers import Running
from core.settings import Settings
from tests.statements import counted

ROUNDS, CONCURRENCY = 5, 4


@dataclass(slots=True)
class Party:
    """Heliograph, or the twin: where it is asked, and what it has still to be asked."""

    target: Target
    running: Running
    groups: Iterator[Sequence[Call]]
    requests: int
    rounds: list[dict[str, float]] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)

    async def measure(self, stores: list[int]) -> None:
        api, store = cpu_seconds(self.running.pid), cpu_seconds(*stores)
        sent, rate = await send_all(self.target, self.groups, self.requests, CONCURRENCY)
        self.rounds.append(
            {
                "api_ms": (cpu_seconds(self.running.pid) - api) * 1000 / sent,
                "postgresql_ms": (cpu_seconds(*stores) - store) * 1000 / sent,
                "rate": rate,
            }
        )

    async def count(self, settings: Settings) -> None:
        """SQL statements and Redis round trips of one call, counted by the servers."""
        connection = await Connection.open(self.target.port)
        group = next(self.groups)
        async with counted(settings) as spent:
            for call in group:
                await connection.send(self.target.request(call))
        connection.close()
        self.spent = {
            "statements": sum(spent.per_node) / len(group),
            "redis_trips": spent.redis_trips / len(group),
        }

    def median(self, name: str) -> float:
        return statistics.median(one[name] for one in self.rounds)


@dataclass(frozen=True, slots=True)
class Pair:
    ours: Party
    twin: Party

    @classmethod
    def of(cls, operation: Operation, crowd: Crowd, ours: Target, twin: Target, running: Sequence[Running]) -> "Pair":
        """Behind what was compared."""
        groups = [
            islice(operation.groups(crowd, side), len(crowd.viewers), None) for side in (Side.HELIOGRAPH, Side.TWIN)
        ]
        return cls(
            Party(ours, running[0], groups[0], operation.requests),
            Party(twin, running[1], groups[1], operation.requests * operation.times),
        )

    async def run(self, stores: list[int], advance: Callable[[], None]) -> None:
        for _ in range(ROUNDS):
            for party in (self.ours, self.twin):
                await party.measure(stores)
            advance()

    def ratio(self, name: str) -> tuple[float, float, float]:
        """The median ratio of the rounds, and the smallest and largest."""
        ratios = [one[name] / other[name] for one, other in zip(self.ours.rounds, self.twin.rounds, strict=True)]
        return statistics.median(ratios), min(ratios), max(ratios)


async def postmasters(settings: Settings) -> list[int]:
    """The processes of the PostgreSQL nodes: the parents of whatever serves us."""
    found = []
    for url in settings.database_urls:
        connection = await asyncpg.connect(url)
        found.append(psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).ppid())
        await connection.close()
    return found
