"""Ids, minted as they are in production: in the database, by many at once, with a clock that cannot be trusted."""

import asyncio
import random
from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text

from core import clock
from models import ids
from models.shards import Transaction
from services.backend import Backend

WRITERS, TOTAL = 8, 5_000


async def mint(transaction: Transaction, count: int) -> list[int]:
    minted = await transaction.session.execute(
        text("SELECT mint_id(:shard) FROM generate_series(1, :count)"), {"shard": transaction.shard, "count": count}
    )
    return list(minted.scalars())


@pytest.fixture(autouse=True)
async def clocks_put_back(backend: Backend) -> AsyncIterator[None]:
    """No id that is minted here is stored, so the clocks may go back: else what other tests make on these shards would
    be newer than all else."""
    yield
    for shard in range(31, 37):
        await backend.shards.pool(backend.shards.node_of(shard)).execute(
            f"SELECT setval('id_clock_{shard}', (clock_ms() - {clock.EPOCH_MS}) << 10)"
        )


async def freeze(transaction: Transaction, milliseconds: int) -> None:
    """The clock of this transaction stands still there."""
    await transaction.session.execute(
        text("SELECT set_config('heliograph.frozen_clock_ms', :now, true)"), {"now": str(milliseconds)}
    )


async def test_ids_in_a_frozen_millisecond_and_with_the_clock_stepped_back(backend: Backend) -> None:
    shards = (31, 32)
    frozen = clock.now_ms() + 10_000  # ahead of what other tests mint, so that all of it stands in one millisecond

    async def write(writer: int) -> list[list[int]]:
        """Ten batches, each by a clock that stands further back than the one before."""
        batches = []
        for step in range(10):
            async with backend.transaction(shards[writer % 2]) as transaction:
                await freeze(transaction, frozen - step * 1_000)
                batches.append(await mint(transaction, TOTAL // WRITERS // 10 + 1))
        return batches

    written = await asyncio.gather(*(write(writer) for writer in range(WRITERS)))
    minted = [one for batches in written for batch in batches for one in batch]
    assert len(minted) >= TOTAL
    assert len(set(minted)) == len(minted)
    assert all(0 < one <= ids.MAX_ID for one in minted)
    for writer, batches in enumerate(written):
        assert {ids.shard_of(one) for batch in batches for one in batch} == {shards[writer % 2]}
        in_order = [one for batch in batches for one in batch]
        assert in_order == sorted(in_order)


async def test_an_id_tells_its_shard_and_its_moment(backend: Backend) -> None:
    before = clock.now()
    async with backend.transaction(33) as transaction:
        one = await transaction.mint_id()
    assert ids.shard_of(one) == 33
    assert abs((ids.created_at(one) - before).total_seconds()) < 5
    [row] = await backend.reader().on_shard(33, "SELECT shard_of($1) AS shard", one)
    assert row["shard"] == 33


async def test_ids_follow_the_clock(backend: Backend) -> None:
    async with backend.transaction(34) as transaction:
        await freeze(transaction, 1_900_000_000_000)
        [first] = await mint(transaction, 1)
        await freeze(transaction, 1_900_000_000_500)
        [second] = await mint(transaction, 1)
    assert ids.created_at(first) == clock.from_ms(1_900_000_000_000)
    assert ids.created_at(second) == clock.from_ms(1_900_000_000_500)


async def test_a_used_up_millisecond_borrows_from_the_next(backend: Backend) -> None:
    async with backend.transaction(35) as transaction:
        await freeze(transaction, 1_900_000_000_000)
        minted = await mint(transaction, 1_025)
    assert ids.created_at(minted[1_023]) == clock.from_ms(1_900_000_000_000)
    assert ids.created_at(minted[1_024]) == clock.from_ms(1_900_000_000_001)


async def test_minting_that_is_cancelled_leaves_no_lock_behind(backend: Backend) -> None:
    """Or the session, back in its pool, would keep everybody else from minting on that shard."""
    cancelled = 0
    async with backend.shards.pool(backend.shards.node_of(36)).acquire() as connection:
        for _ in range(150):
            await connection.execute(f"SET statement_timeout = {random.randint(2, 9)}")
            try:
                await connection.fetch("SELECT max(mint_id(36)) FROM generate_series(1, 100000)")
            except asyncpg.QueryCanceledError:
                cancelled += 1
            await connection.execute("RESET statement_timeout")
            held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"
            assert await connection.fetchval(held) == 0
    assert cancelled > 100


def test_the_floor_of_a_moment_is_below_all_its_ids() -> None:
    moment = clock.EPOCH_MS + 123
    assert ids.floor_of(moment) == 123 << 23
    assert ids.floor_of(moment) <= 123 << 23 | 8191 << 10 | 1023 < ids.floor_of(moment + 1)
    assert ids.floor_of(clock.EPOCH_MS - 5) == 0


def test_names_spread_over_the_shards_and_stay() -> None:
    shards = [ids.shard_of_name(f"name{number}", 64) for number in range(2_000)]
    assert set(shards) == set(range(64))
    assert shards == [ids.shard_of_name(f"name{number}", 64) for number in range(2_000)]
