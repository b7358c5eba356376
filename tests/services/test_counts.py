import asyncio
import random

import pytest

from models.tables import Counter
from services.backend import Backend
from services.counts import FOLD_AT, add, fold, fold_due, read

SHARD = 21


async def an_object(backend: Backend, shard: int = SHARD) -> int:
    async with backend.transaction(shard) as transaction:
        return await transaction.mint_id()


async def count(backend: Backend, object_id: int, delta: int, counter: Counter = Counter.LIKES) -> None:
    async with backend.transaction(SHARD) as transaction:
        await add(transaction, object_id, counter, delta)


async def stored(backend: Backend, object_id: int) -> tuple[list[tuple[int, int]], int]:
    """The base as (counter, value), and how many deltas there are beside it."""
    base = await backend.reader().on_shard_of(
        object_id, "SELECT counter, value FROM counts WHERE object_id = $1 ORDER BY counter", object_id
    )
    [deltas] = await backend.reader().on_shard_of(
        object_id, "SELECT count(*) AS n FROM count_deltas WHERE object_id = $1", object_id
    )
    return [tuple(row) for row in base], deltas["n"]


async def test_counts_of_many_objects_in_a_statement_per_node(backend: Backend) -> None:
    first, second, elsewhere = await an_object(backend), await an_object(backend), await an_object(backend, SHARD + 1)
    await count(backend, first, 3)
    await count(backend, first, -1)
    await count(backend, first, 5, Counter.COMMENTS)
    await fold(backend, first)
    await count(backend, first, 4)
    reader = backend.reader()
    assert await read(reader, [first, second, elsewhere], [Counter.LIKES, Counter.COMMENTS]) == {
        (first, Counter.LIKES): 6,
        (first, Counter.COMMENTS): 5,
        (second, Counter.LIKES): 0,
        (second, Counter.COMMENTS): 0,
        (elsewhere, Counter.LIKES): 0,
        (elsewhere, Counter.COMMENTS): 0,
    }
    assert reader.statements == 2


async def test_a_rolled_back_transaction_counts_nothing(backend: Backend) -> None:
    one = await an_object(backend)

    async def regretted() -> None:
        async with backend.transaction(SHARD) as transaction:
            await add(transaction, one, Counter.LIKES, 1)
            raise RuntimeError("not after all")

    with pytest.raises(RuntimeError, match="not after all"):
        await regretted()
    assert await stored(backend, one) == ([], 0)


async def test_no_difference_is_no_row(backend: Backend) -> None:
    one = await an_object(backend)
    await count(backend, one, 0)
    assert await stored(backend, one) == ([], 0)


async def test_folding_changes_no_count(backend: Backend) -> None:
    one = await an_object(backend)
    for delta in (1, 1, 1, -1):
        await count(backend, one, delta)
    await count(backend, one, 7, Counter.SAVES)
    assert await stored(backend, one) == ([], 5)
    for _ in range(2):
        await fold(backend, one)
        assert await stored(backend, one) == ([(Counter.LIKES, 2), (Counter.SAVES, 7)], 0)


async def test_what_has_many_deltas_is_folded_when_due_and_the_rest_is_left(backend: Backend) -> None:
    hot, cool = await an_object(backend), await an_object(backend)
    for _ in range(FOLD_AT):
        await count(backend, hot, 1)
    await count(backend, cool, 1)
    assert await fold_due(backend) >= 1
    assert await stored(backend, hot) == ([(Counter.LIKES, FOLD_AT)], 0)
    assert await stored(backend, cool) == ([], 1)


async def test_old_deltas_are_folded_when_due(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    one = await an_object(backend)
    await count(backend, one, 1)
    await asyncio.sleep(0.005)
    monkeypatch.setattr("services.counts.FOLD_AFTER_SECONDS", 0)
    assert await fold_due(backend) >= 1
    assert await stored(backend, one) == ([(Counter.LIKES, 1)], 0)


async def test_a_count_on_a_node_that_is_away_is_unknown_not_nought(backend: Backend) -> None:
    one = await an_object(backend)
    reader = backend.reader()
    reader.unavailable.add(backend.shards.node_of(SHARD))
    assert await read(reader, [one], [Counter.LIKES]) == {}


@pytest.mark.parametrize("rounds", [15, pytest.param(300, marks=pytest.mark.drill)])
async def test_readers_see_true_sums_while_others_add_and_fold(backend: Backend, rounds: int) -> None:
    one = await an_object(backend)
    adding, sums, total = True, [], 0
    # Each transaction adds as much as it takes away, so that any reader must see nought at any time.
    chance = random.Random(7)

    async def adder() -> None:
        nonlocal total
        for _ in range(rounds):
            step, extra = chance.randint(1, 9), chance.randint(1, 9)
            async with backend.transaction(SHARD) as transaction:
                await add(transaction, one, Counter.LIKES, step)
                await add(transaction, one, Counter.LIKES, -step)
                await add(transaction, one, Counter.SHARES, extra)
            total += extra

    async def folder() -> None:
        while adding:
            await fold(backend, one)

    async def reader() -> None:
        seen = 0
        while adding:
            counts = await read(backend.reader(), [one], [Counter.LIKES, Counter.SHARES])
            sums.append(counts[one, Counter.LIKES])
            assert counts[one, Counter.SHARES] >= seen
            seen = counts[one, Counter.SHARES]

    beside = [asyncio.create_task(work) for work in (folder(), folder(), reader(), reader())]
    await asyncio.gather(*(adder() for _ in range(4)))
    adding = False
    await asyncio.gather(*beside)
    assert len(sums) > 10
    assert set(sums) == {0}
    await fold(backend, one)
    assert await stored(backend, one) == ([(Counter.LIKES, 0), (Counter.SHARES, total)], 0)


async def test_an_object_of_another_shard_is_not_counted(backend: Backend) -> None:
    elsewhere = await an_object(backend, SHARD + 1)
    with pytest.raises(Exception, match="outside the transaction"):
        await count(backend, elsewhere, 1)
    assert await stored(backend, elsewhere) == ([], 0)
