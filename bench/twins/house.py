"""What the twins share: the servers that they ask, and who asks them."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg
from redis.asyncio import Redis
from starlette.requests import Request

from core.settings import Settings
from media.signing import Grant
from models.ids import shard_of
from models.reads.accounts import VIEWER
from services.accounts.tokens import read_access_token
from services.backend import OUTBOX_CHANNEL, Backend

Record: TypeAlias = asyncpg.Record
JSON: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Caller:
    """`blocked` and `muted` come with the session's statement. `mark` is what one request's events carry."""

    id: int
    blocked: frozenset[int]
    muted: frozenset[int]
    mark: str


@dataclass(frozen=True, slots=True)
class House:
    """`backend` is for its pools, and for the library functions that want it."""

    settings: Settings
    backend: Backend
    redis: Redis

    def node_of(self, identifier: int) -> int:
        return self.backend.shards.node_of(shard_of(identifier))

    async def on(self, node: int, sql: str, *arguments: Any) -> list[Record]:
        async with self.backend.shards.pool(node).acquire() as connection:
            return list(await connection.fetch(sql, *arguments))

    async def on_node_of(self, identifier: int, sql: str, *arguments: Any) -> list[Record]:
        return await self.on(self.node_of(identifier), sql, *arguments)

    async def by_node(self, sql: str, ids: Iterable[int], *arguments: Any) -> list[Record]:
        owned = self.backend.shards.by_node(ids)
        if len(owned) == 1:
            [(node, some)] = owned.items()
            return await self.on(node, sql, some, *arguments)
        found = await asyncio.gather(*(self.on(node, sql, some, *arguments) for node, some in owned.items()))
        return [row for rows in found for row in rows]

    async def caller(self, request: Request) -> Caller | None:
        """None for one whose session or account has ended. Raises BadToken."""
        token = read_access_token(self.settings, request.headers["authorization"][7:])
        rows = await self.on_node_of(token.user_id, VIEWER, token.user_id, token.session_id)
        if not rows or rows[0]["user_state"] != "ACTIVE":
            return None
        blocked, muted = frozenset(rows[0]["blocked"]), frozenset(rows[0]["muted"])
        return Caller(token.user_id, blocked, muted, secrets.token_hex(16))

    async def wake_relay(self, shard: int) -> None:
        await self.redis.publish(OUTBOX_CHANNEL, str(shard).encode())

    def url(self, key: str, grant: Grant) -> str:
        return self.settings.public_url + self.backend.signer.sign(key, grant)


Answer: TypeAlias = Callable[[House, Caller, JSON], Awaitable[JSON]]
"""What is to stand in `data`, for the variables of a request."""
