"""Which node holds which logical shard, and the ways to it.

A node is a PostgreSQL database; all logical shards of a node share its tables. Every node keeps the whole map,
and the highest version of it counts.
"""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import orjson
from sqlalchemy import text
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from core.errors import ShardUnavailable
from core.settings import Settings
from models.ids import shard_of
from models.statements import count_write

NAMED = "(SELECT set_config('heliograph.shard', $1, true) AS shard) AS named"
"""What a statement for `Shards.statement` has in its FROM, with `named.shard = $1` among what a row must fulfil: so the
shard is named before a row is written."""

CONNECTION_LOST = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)


def connection_lost(fault: BaseException | None) -> bool:
    """Whether the node is not there, as opposed to having refused a statement."""
    if isinstance(fault, asyncpg.InterfaceError) and not isinstance(fault, asyncpg.DataError):
        return "clos" in str(fault)  # a connection or pool that is closed or closing; else a fault of the caller
    return isinstance(fault, CONNECTION_LOST)


@dataclass(slots=True)
class Transaction:
    """One transaction on one logical shard. A write to another shard is refused by the database."""

    session: AsyncSession
    shard: int
    has_events: bool = False
    after_commit: list[Callable[[Any], Awaitable[object]]] = field(default_factory=list)
    """What to try before anybody is answered, given the backend; where it fails, an event's handler does it."""

    async def mint_id(self) -> int:
        """A new id on this shard."""
        minted = await self.session.execute(text("SELECT mint_id(:shard)"), {"shard": self.shard})
        return int(minted.scalar_one())


async def _decode_json(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: orjson.dumps(value).decode(),
        decoder=orjson.loads,
    )


async def _keep_session_state(_: asyncpg.Connection) -> None:
    """Reads change no session state, so a connection goes back without the round trip of a reset."""


class Shards:
    """Open with `await Shards.open(settings)`; close when done. One per process."""

    def __init__(self, settings: Settings, pools: list[asyncpg.Pool], engines: list[AsyncEngine]) -> None:
        self.logical_shards = settings.logical_shards
        self._pools = pools
        self._engines = engines
        self._nodes: list[int] = []
        self.map_version = -1

    @classmethod
    async def open(cls, settings: Settings) -> "Shards":
        """Connects lazily. Raises ShardUnavailable if no node tells the shard map."""
        timeout = settings.database_statement_timeout
        pools = [
            asyncpg.create_pool(
                url,
                min_size=0,
                max_size=settings.database_pool_size,
                command_timeout=timeout,
                timeout=5,
                init=_decode_json,
                reset=_keep_session_state,
                server_settings={"application_name": "heliograph-read", "jit": "off"},
            )
            for url in settings.database_urls
        ]
        for pool in pools:
            await pool
        engines = [
            create_async_engine(
                url.replace("postgresql://", "postgresql+asyncpg://", 1),
                pool_size=settings.database_pool_size,
                max_overflow=0,
                pool_pre_ping=False,
                # An error goes to the log: with the statement, without what people gave.
                hide_parameters=True,
                pool_use_lifo=True,
                json_serializer=lambda value: orjson.dumps(value).decode(),
                json_deserializer=orjson.loads,
                connect_args={
                    "timeout": 5,
                    "command_timeout": timeout,
                    "server_settings": {
                        "application_name": "heliograph-write",
                        "jit": "off",
                        "idle_in_transaction_session_timeout": str(int(timeout * 3000)),
                    },
                },
            )
            for url in settings.database_urls
        ]
        for engine in engines:
            listen(engine.sync_engine, "after_cursor_execute", count_write)
        shards = cls(settings, list(pools), engines)
        try:
            await shards.reload()
        except BaseException:
            await shards.close()
            raise
        return shards

    async def close(self) -> None:
        await asyncio.gather(*(engine.dispose() for engine in self._engines))
        await asyncio.gather(*(asyncio.wait_for(pool.close(), 5) for pool in self._pools), return_exceptions=True)

    @contextlib.asynccontextmanager
    async def following_map(self, every_seconds: float) -> AsyncIterator[None]:
        """Within it the map is read again and again, so that a shard that moved is found where it is now."""

        async def follow() -> None:
            while True:
                await asyncio.sleep(every_seconds)
                with contextlib.suppress(ShardUnavailable):
                    await self.reload()

        task = asyncio.create_task(follow())
        try:
            yield
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def reload(self) -> bool:
        """Reads the map from every node that answers; true if it changed. It never goes back to an older one, which
        may be all that is heard while the node that knows of a move is out of reach."""
        answers = await asyncio.gather(*(self._read_map(pool) for pool in self._pools), return_exceptions=True)
        maps = [answer for answer in answers if not isinstance(answer, BaseException)]
        for answer in answers:
            if isinstance(answer, BaseException) and not connection_lost(answer):
                raise answer
        if not maps:
            raise ShardUnavailable(0)
        version, nodes = max(maps, key=lambda answer: answer[0])
        if version <= self.map_version:
            return False
        self.map_version, self._nodes = version, nodes
        self.logical_shards = len(nodes)
        return True

    @staticmethod
    async def _read_map(pool: asyncpg.Pool) -> tuple[int, list[int]]:
        rows = await pool.fetch("SELECT shard, node, version FROM shard_map ORDER BY shard")
        return max((row["version"] for row in rows), default=-1), [row["node"] for row in rows]

    @property
    def node_count(self) -> int:
        return len(self._pools)

    def node_of(self, shard: int) -> int:
        """The node that holds the shard. Raises LookupError for a shard that does not exist."""
        if not 0 <= shard < len(self._nodes):
            raise LookupError(f"there is no logical shard {shard}")
        return self._nodes[shard]

    def exists(self, identifier: int) -> bool:
        """Whether the id names a shard that exists."""
        return 0 <= shard_of(identifier) < len(self._nodes)

    def shards_on(self, node: int) -> list[int]:
        return [shard for shard, owner in enumerate(self._nodes) if owner == node]

    def any_shard(self) -> int:
        """A shard for someone new."""
        return secrets.randbelow(len(self._nodes))

    def pool(self, node: int) -> asyncpg.Pool:
        return self._pools[node]

    def by_node(self, identifiers: Iterable[int]) -> dict[int, list[int]]:
        """Groups ids by node. Ids of shards that do not exist are left out, as rows that do not exist are."""
        grouped: dict[int, list[int]] = {}
        nodes, count = self._nodes, len(self._nodes)
        for identifier in identifiers:
            shard = shard_of(identifier)
            if shard < count:
                grouped.setdefault(nodes[shard], []).append(identifier)
        return grouped

    @contextlib.asynccontextmanager
    async def transaction(self, shard: int) -> AsyncIterator[Transaction]:
        """Commits on leaving, rolls back on an exception.

        Raises ShardUnavailable if the node does not answer. A commit whose answer was lost raises it too: the
        caller cannot know, so what is done here must bear being done again.
        """
        node = self.node_of(shard)
        try:
            async with AsyncSession(self._engines[node], expire_on_commit=False) as session, session.begin():
                await session.execute(
                    text("SELECT set_config('heliograph.shard', :shard, true)"), {"shard": str(shard)}
                )
                yield Transaction(session, shard)
        except DBAPIError as fault:
            cause = getattr(fault.orig, "__cause__", None)
            if fault.connection_invalidated or connection_lost(fault.orig) or connection_lost(cause):
                raise ShardUnavailable(node) from fault
            raise
        except (OSError, asyncpg.CannotConnectNowError) as fault:
            raise ShardUnavailable(node) from fault

    async def statement(self, shard: int, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        """A transaction on one logical shard of one statement, in one round trip, without the session of `transaction`.
        Its $1 is the shard, which it names by NAMED: what it writes without, the database refuses.

        Raises ShardUnavailable, as `transaction` does.
        """
        node = self.node_of(shard)
        count_write()
        try:
            async with self._pools[node].acquire() as connection:
                return list(await connection.fetch(sql, str(shard), *arguments))
        except Exception as fault:
            if connection_lost(fault):
                raise ShardUnavailable(node) from fault
            raise
