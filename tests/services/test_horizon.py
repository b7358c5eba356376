"""Nothing below a horizon is committed after it, whatever the clocks of those who write do meanwhile."""

import asyncio
import random

import asyncpg
import pytest
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import text

from core import clock
from core.errors import ShardUnavailable
from models.ids import created_at, floor_of
from services.backend import Backend
from services.horizon import common_horizon, horizon_of

Connection = asyncpg.Connection | PoolConnectionProxy


async def passed(backend: Backend, shard: int, minted: int, seconds: float = 5) -> int:
    """The first horizon above an id."""
    async with asyncio.timeout(seconds):
        while (horizon := await horizon_of(backend.reader(), shard)) <= minted:
            await asyncio.sleep(0.001)
    return horizon


async def step_back(connection: Connection, seconds: int) -> None:
    """For this transaction."""
    await connection.execute(
        f"SELECT set_config('heliograph.frozen_clock_ms', '{clock.now_ms() - seconds * 1000}', true)"
    )


async def test_it_passes_what_is_committed_and_is_held_by_who_has_minted(backend: Backend) -> None:
    async with backend.transaction(41) as transaction:
        minted = await transaction.mint_id()
        begun = clock.now_ms()
        async with backend.transaction(43) as other:
            later = await other.mint_id()
        for _ in range(5):
            await asyncio.sleep(0.01)
            assert await horizon_of(backend.reader(), 41) <= minted
    horizon = await passed(backend, 41, later)
    assert floor_of(begun) < horizon <= floor_of(clock.now_ms() + 1)


async def test_who_only_reads_or_has_not_minted_yet_holds_nothing(backend: Backend) -> None:
    """And what is minted afterwards, by a transaction that had begun long before, is above the horizon."""
    pool = backend.shards.pool(backend.shards.node_of(41))
    async with pool.acquire() as reading, reading.transaction(), backend.transaction(41) as transaction:
        await reading.fetch("SELECT count(*) FROM users")
        await transaction.session.execute(text("SELECT 1"))
        await asyncio.sleep(0.05)
        now = clock.now_ms()
        horizon = await passed(backend, 41, floor_of(now))
        assert await transaction.mint_id() >= horizon


async def test_a_clock_that_is_stepped_back_mints_nothing_below(backend: Backend) -> None:
    shard = 45
    pool = backend.shards.pool(backend.shards.node_of(shard))
    async with pool.acquire() as connection:
        # Its shard has been quiet: nothing but the floor, or its own beginning, keeps the id above.
        await connection.execute(f"SELECT setval('id_clock_{shard}', 1024)")
        async with connection.transaction():
            began = await connection.fetchval(
                "SELECT floor(extract(epoch FROM transaction_timestamp()) * 1000)::bigint"
            )
            await step_back(connection, 3600)
            minted = await connection.fetchval("SELECT mint_id($1)", shard)
            assert minted >= floor_of(began)
            await asyncio.sleep(0.05)
            assert await horizon_of(backend.reader(), shard) <= minted
        await connection.execute(f"SELECT setval('id_clock_{shard}', 1024)")
        horizon = await horizon_of(backend.reader(), shard)
        await connection.execute(f"SELECT setval('id_clock_{shard}', 1024)")
        async with connection.transaction():
            await step_back(connection, 3600)
            assert await connection.fetchval("SELECT mint_id($1)", shard) >= horizon
            # A reader whose clock is back too: it says less, never more, and what has been said stays true.
            held = await connection.fetchval("SELECT id_horizon()")
            assert created_at(held) <= clock.now()
        async with connection.transaction():
            await step_back(connection, 7200)
            await connection.fetchval("SELECT id_horizon()")
        assert await horizon_of(backend.reader(), shard) >= horizon


WRITERS, EACH = 8, 40


async def test_many_writers_with_clocks_that_jump(backend: Backend) -> None:
    """Whoever reads from horizon to horizon sees each row once, and in order."""
    shards = (46, 48, 50)
    pool = backend.shards.pool(backend.shards.node_of(46))
    async with pool.acquire() as connection:
        await connection.execute("CREATE TABLE horizon_probe (id bigint)")

    async def write(seed: int) -> None:
        chance = random.Random(seed)
        async with pool.acquire() as connection:
            for _ in range(EACH):
                async with connection.transaction():
                    await asyncio.sleep(chance.random() * 0.01)
                    if chance.random() < 0.5:
                        await step_back(connection, chance.choice([1, 60]))
                    minted = await connection.fetchval("SELECT mint_id($1)", chance.choice(shards))
                    await connection.execute("INSERT INTO horizon_probe VALUES ($1)", minted)
                    await asyncio.sleep(chance.random() * 0.02)

    async def follow() -> list[int]:
        position, seen = 0, list[int]()
        while len(seen) < WRITERS * EACH:
            horizon = await horizon_of(backend.reader(), shards[0])
            rows = await backend.reader().on_shard(
                shards[0], "SELECT id FROM horizon_probe WHERE id >= $1 AND id < $2 ORDER BY id", position, horizon
            )
            seen += [row["id"] for row in rows]
            position = max(position, horizon)
        return seen

    try:
        async with asyncio.timeout(20):
            writing = asyncio.gather(*(write(seed) for seed in range(WRITERS)))
            seen = await follow()
            await writing
        assert seen == sorted(seen)
        assert len(set(seen)) == WRITERS * EACH
    finally:
        await pool.execute("DROP TABLE horizon_probe")


async def test_it_takes_all_nodes(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    async with backend.transaction(40) as even, backend.transaction(41) as odd:
        minted = [await even.mint_id(), await odd.mint_id()]
        await asyncio.sleep(0.01)
        assert (await common_horizon(backend.reader())).id <= min(minted)
    reader = backend.reader()
    await common_horizon(reader)
    assert reader.statements == backend.shards.node_count
    async with asyncpg.create_pool("postgresql://127.0.0.1:1/nowhere", min_size=0) as nowhere:
        monkeypatch.setattr(backend.shards, "_pools", [backend.shards._pools[0], nowhere])
        with pytest.raises(ShardUnavailable):
            await common_horizon(backend.reader())
