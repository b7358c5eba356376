"""Hot reads: one statement per node, through asyncpg, on connections that are given back at once."""

import asyncio
from collections.abc import Hashable, Iterable
from typing import Any

import asyncpg

from core.errors import ShardUnavailable
from models.ids import shard_of
from models.shards import Shards, connection_lost
from models.statements import count_read


class Reader:
    """Reads for one operation: counts its statements, and remembers which nodes did not answer.

    `kept` is what all parts of the operation ask and one of them has read.
    """

    __slots__ = ("kept", "shards", "statements", "unavailable")

    def __init__(self, shards: Shards) -> None:
        self.shards = shards
        self.statements = 0
        self.unavailable: set[int] = set()
        self.kept: dict[Hashable, Any] = {}

    async def by_ids(self, sql: str, identifiers: Iterable[int], *arguments: Any) -> list[asyncpg.Record]:
        """Runs `sql` once on each node that holds some of the ids, which are its $1 (bigint[]).

        What a node that does not answer holds is left out, and the node is put into `unavailable`.
        """
        grouped = self.shards.by_node(identifiers)
        if len(grouped) == 1:
            [(node, owned)] = grouped.items()
            return await self.on_node(node, sql, owned, *arguments)
        answers = await asyncio.gather(*(self.on_node(node, sql, owned, *arguments) for node, owned in grouped.items()))
        return [row for rows in answers for row in rows]

    async def on_node(self, node: int, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Runs `sql` on a node; an empty list, and the node in `unavailable`, if it does not answer."""
        self.statements += 1
        count_read()
        try:
            async with self.shards.pool(node).acquire() as connection:
                return list(await connection.fetch(sql, *arguments))
        except Exception as fault:
            if not connection_lost(fault):
                raise
            self.unavailable.add(node)
            return []

    async def on_shard_of(self, identifier: int, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Runs `sql` where the id lives. Raises ShardUnavailable: without this row nothing can be said."""
        if not self.shards.exists(identifier):
            return []
        return await self.on_shard(shard_of(identifier), sql, *arguments)

    async def on_shard(self, shard: int, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Runs `sql` on the node of a shard. Raises ShardUnavailable if it does not answer."""
        node = self.shards.node_of(shard)
        rows = await self.on_node(node, sql, *arguments)
        if node in self.unavailable:
            raise ShardUnavailable(node)
        return rows

    async def on_every_node(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """Runs `sql` on every node and puts the rows together."""
        answers = await asyncio.gather(*(self.on_node(node, sql, *arguments) for node in range(self.shards.node_count)))
        return [row for rows in answers for row in rows]
