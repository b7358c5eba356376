"""A transaction writes one logical shard: also where both lie on one node."""

import asyncpg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError

from models.shards import NAMED
from models.tables import Base, User
from services.backend import Backend

UNSHARDED = {"shard_map", "node_identity"}
HERE, SAME_NODE = 40, 42


async def a_user(backend: Backend, shard: int) -> int:
    async with backend.transaction(shard) as transaction:
        user_id = await transaction.mint_id()
        await transaction.session.execute(insert(User).values(id=user_id, username=f"u{user_id}"))
    return user_id


async def exists(backend: Backend, user_id: int) -> bool:
    return bool(await backend.reader().on_shard_of(user_id, "SELECT id FROM users WHERE id = $1", user_id))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO users (id, username) VALUES (CAST(:other AS bigint) + 1, 'stranger')",
        "UPDATE users SET bio = 'changed' WHERE id = :other",
        "DELETE FROM users WHERE id = :other",
    ],
)
async def test_a_write_to_a_second_shard_of_the_same_node_raises(backend: Backend, statement: str) -> None:
    assert backend.shards.node_of(HERE) == backend.shards.node_of(SAME_NODE)
    other = await a_user(backend, SAME_NODE)
    kept: list[int] = []

    async def breach() -> None:
        async with backend.transaction(HERE) as transaction:
            kept.append(await transaction.mint_id())
            await transaction.session.execute(insert(User).values(id=kept[0], username="mine"))
            await transaction.session.execute(text(statement), {"other": other})

    with pytest.raises(DBAPIError, match="outside the transaction's shard"):
        await breach()
    assert not await exists(backend, kept[0])
    assert await exists(backend, other)
    assert not await exists(backend, other + 1)
    [row] = await backend.reader().on_shard_of(other, "SELECT bio FROM users WHERE id = $1", other)
    assert row["bio"] == ""


async def test_a_write_that_names_no_shard_raises(backend: Backend) -> None:
    user_id = await a_user(backend, HERE)
    async with backend.shards.pool(backend.shards.node_of(HERE)).acquire() as connection:
        with pytest.raises(Exception, match="none named"):
            await connection.execute("UPDATE users SET bio = 'changed' WHERE id = $1", user_id)


async def test_a_single_statement_writes_the_shard_that_it_names_and_no_other(backend: Backend) -> None:
    mine, other = await a_user(backend, HERE), await a_user(backend, SAME_NODE)
    said = f"UPDATE users SET bio = $2 FROM {NAMED} WHERE named.shard = $1 AND id = $3 RETURNING bio"
    assert [row["bio"] for row in await backend.shards.statement(HERE, said, "new", mine)] == ["new"]
    with pytest.raises(asyncpg.PostgresError, match="outside the transaction's shard"):
        await backend.shards.statement(HERE, said, "new", other)
    unnamed = "UPDATE users SET bio = $2 WHERE $1 <> '' AND id = $3"
    with pytest.raises(
        asyncpg.PostgresError, match="none named"
    ):  # also behind one that named it on the same connection
        await backend.shards.statement(HERE, unnamed, "again", mine)
    rows = await backend.reader().by_ids("SELECT id, bio FROM users WHERE id = ANY($1)", [mine, other])
    assert {row["id"]: row["bio"] for row in rows} == {mine: "new", other: ""}


async def test_every_sharded_table_is_held_to_it(backend: Backend) -> None:
    held = """
        SELECT c.relname AS name, array_agg(t.tgname::text ORDER BY t.tgname) AS triggers
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
        WHERE NOT t.tgisinternal AND t.tgenabled <> 'D' GROUP BY c.relname
    """
    for node in range(backend.shards.node_count):
        found = {row["name"]: row["triggers"] for row in await backend.reader().on_node(node, held)}
        expected = {name: ["one_shard", "one_shard_delete"] for name in set(Base.metadata.tables) - UNSHARDED}
        assert found == expected


def test_every_primary_key_holds_the_shard() -> None:
    """Rows move by their shard, so no key may be unique on a node alone."""
    for table in Base.metadata.tables.values():
        if table.name not in UNSHARDED:
            keys = {column.name for column in table.primary_key}
            assert any(name in {"shard", "id", "attempt"} or name.endswith("_id") for name in keys)
