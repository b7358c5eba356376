"""What an operation costs, counted by the servers themselves."""

import contextlib
import re
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import asyncpg
from redis.asyncio import Redis

from core.settings import Settings

# What runs beside any operation, and this counting.
_BESIDE = re.compile(
    r"shard_map|FROM pulled_intervals$|pg_stat_statements|^(BEGIN|COMMIT|ROLLBACK|SELECT 1$)"
    r"|typeinfo_tree|current_setting\(\$1\) AS cur",  # a connection that is new asks for the types that it meets
    re.IGNORECASE,
)


@dataclass(slots=True)
class Spent:
    """`statements`: for each node, how often each statement ran. `redis_trips`: how often Redis read from a client,
    which is once for all commands that were sent together."""

    statements: list[Counter[str]] = field(default_factory=list)
    redis_trips: int = 0

    @property
    def per_node(self) -> list[int]:
        return [counted.total() for counted in self.statements]


@contextlib.asynccontextmanager
async def counted(settings: Settings) -> AsyncIterator[Spent]:
    """Counts what runs within the block: of the whole server, so nothing else may ask it meanwhile."""
    spent = Spent()
    async with contextlib.AsyncExitStack() as opened:
        nodes = [await asyncpg.connect(url) for url in settings.database_urls]
        for node in nodes:
            opened.push_async_callback(node.close)
            await node.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        redis = Redis.from_url(settings.redis_url, single_connection_client=True)
        opened.push_async_callback(redis.aclose)
        before = [await _statements(node) for node in nodes]
        reads = await _reads(redis)
        yield spent
        spent.redis_trips = await _reads(redis) - reads - 2  # the questions themselves
        spent.statements = [await _statements(node) - old for node, old in zip(nodes, before, strict=True)]


async def _statements(node: asyncpg.Connection) -> Counter[str]:
    rows = await node.fetch(
        "SELECT query, sum(calls)::bigint AS calls FROM pg_stat_statements"
        " WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) GROUP BY query"
    )
    return Counter({row["query"]: row["calls"] for row in rows if not _BESIDE.search(row["query"])})


async def _reads(redis: Redis) -> int:
    """Without the pings by which a listener makes sure now and then that its connection lives."""
    pings = (await redis.info("commandstats")).get("cmdstat_ping", {"calls": 0})["calls"]
    return int((await redis.info("stats"))["total_reads_processed"]) - int(pings)
