from collections.abc import AsyncIterator

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from core.errors import ShardUnavailable
from core.settings import Settings
from models.migrate import migrate_all
from models.reads.reader import Reader
from models.shards import Shards
from services.backend import Backend


@pytest.fixture
async def own(empty: Settings) -> AsyncIterator[tuple[Settings, Shards]]:
    await migrate_all(empty)
    shards = await Shards.open(empty)
    yield empty, shards
    await shards.close()


def id_on(shard: int, sequence: int = 1) -> int:
    return 5 << 23 | shard << 10 | sequence


async def run(url: str, sql: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(sql)
    await connection.close()


async def test_the_map_is_read_anew_when_it_changes(own: tuple[Settings, Shards]) -> None:
    settings, shards = own
    assert (shards.map_version, shards.node_of(0), shards.node_of(5)) == (1, 0, 1)
    assert not await shards.reload()
    # One node knows of the move already: the highest version counts.
    await run(settings.database_urls[1], "UPDATE shard_map SET node = 0, version = 2 WHERE shard = 5")
    assert await shards.reload()
    assert (shards.map_version, shards.node_of(5)) == (2, 0)
    assert 5 in shards.shards_on(0)
    assert 5 not in shards.shards_on(1)
    assert shards.by_node([id_on(5), id_on(7)]) == {0: [id_on(5)], 1: [id_on(7)]}
    assert not await shards.reload()


async def test_the_map_never_goes_back(own: tuple[Settings, Shards]) -> None:
    """As where the one node that knows of a move is out of reach for a moment."""
    settings, shards = own
    await run(settings.database_urls[1], "UPDATE shard_map SET node = 0, version = 2 WHERE shard = 5")
    assert await shards.reload()
    await run(settings.database_urls[1], "UPDATE shard_map SET node = 1, version = 1 WHERE shard = 5")
    assert not await shards.reload()
    assert (shards.map_version, shards.node_of(5)) == (2, 0)


async def test_a_batch_of_ids_is_one_statement_per_node(own: tuple[Settings, Shards]) -> None:
    _, shards = own
    identifiers = [id_on(shard, sequence) for shard in range(64) for sequence in range(4)]
    reader = Reader(shards)
    rows = await reader.by_ids("SELECT id FROM unnest($1::bigint[]) AS id", identifiers)
    assert sorted(row["id"] for row in rows) == sorted(identifiers)
    assert reader.statements == 2


async def test_ids_of_shards_that_do_not_exist_are_as_rows_that_do_not(own: tuple[Settings, Shards]) -> None:
    _, shards = own
    assert shards.by_node([id_on(64), id_on(8191)]) == {}
    assert not shards.exists(id_on(64))
    assert shards.exists(id_on(63))
    with pytest.raises(LookupError, match="no logical shard 64"):
        shards.node_of(64)


async def test_every_shard_is_on_one_node(own: tuple[Settings, Shards]) -> None:
    _, shards = own
    assert sorted(shards.shards_on(0) + shards.shards_on(1)) == list(range(64))
    assert len(shards.shards_on(0)) == len(shards.shards_on(1)) == 32
    assert 0 <= shards.any_shard() < 64


async def test_one_node_down_leaves_the_other_at_work(own: tuple[Settings, Shards]) -> None:
    settings, _ = own
    gone = settings.database_urls[1].replace("127.0.0.1", "127.0.0.2")
    shards = await Shards.open(settings.model_copy(update={"database_urls": [settings.database_urls[0], gone]}))
    reader = Reader(shards)
    rows = await reader.by_ids("SELECT id FROM unnest($1::bigint[]) AS id", [id_on(0), id_on(1)])
    assert [row["id"] for row in rows] == [id_on(0)]
    assert reader.unavailable == {1}
    with pytest.raises(ShardUnavailable):
        async with shards.transaction(1):
            pytest.fail("there is no such node")
    async with shards.transaction(0) as transaction:
        assert await transaction.mint_id() > 0
    await shards.close()


async def test_no_node_at_all_is_said_so(own: tuple[Settings, Shards]) -> None:
    settings, _ = own
    gone = [url.replace("127.0.0.1", "127.0.0.2") for url in settings.database_urls]
    with pytest.raises(ShardUnavailable):
        await Shards.open(settings.model_copy(update={"database_urls": gone}))


async def test_what_people_gave_does_not_go_to_the_log(backend: Backend) -> None:
    with pytest.raises(DBAPIError) as raised:
        async with backend.transaction(0) as transaction:
            await transaction.session.execute(text("SELECT 1 / (length(:given) - 3)"), {"given": "Ada"})
    assert "[SQL: SELECT" in str(raised.value)
    assert "Ada" not in str(raised.value)
