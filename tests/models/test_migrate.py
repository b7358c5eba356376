import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from core.embedded.stack import environment
from core.settings import ROOT, Settings
from models.migrate import WrongNode, head, migrate_all, node_urls, pending_migrations, set_up_node


async def alembic(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Plain alembic, as an operator runs it."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "alembic", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment(settings)},
        capture_output=True,
        text=True,
        check=False,
    )


async def rows_of(url: str, sql: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(sql))
    finally:
        await connection.close()


async def test_the_migrations_and_the_tables_say_the_same(settings: Settings) -> None:
    checked = await alembic(settings, "check")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert "No new upgrade operations detected" in checked.stdout + checked.stderr


async def test_plain_alembic_takes_every_node_up_and_down(empty: Settings) -> None:
    up = await alembic(empty, "upgrade", "head")
    assert up.returncode == 0, up.stderr
    for url in empty.database_urls:
        assert [row["version_num"] for row in await rows_of(url, "SELECT version_num FROM alembic_version")] == [head()]
    down = await alembic(empty, "downgrade", "base")
    assert down.returncode == 0, down.stderr
    left = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relname NOT LIKE 'alembic%'"
    for url in empty.database_urls:
        assert await rows_of(url, left) == []


async def test_every_node_is_migrated_with_progress_and_gets_its_shards(empty: Settings) -> None:
    steps: list[tuple[int, str]] = []
    await migrate_all(empty, lambda node, step: steps.append((node, step)))
    assert steps == [(0, "migrating"), (0, "ready"), (1, "migrating"), (1, "ready")]
    assert await pending_migrations(empty) == {}
    for node, url in enumerate(empty.database_urls):
        numbers = await rows_of(url, "SELECT number FROM node_identity")
        assert [row["number"] for row in numbers] == [node]
        shard_map = await rows_of(url, "SELECT shard, node FROM shard_map ORDER BY shard")
        assert [tuple(row) for row in shard_map] == [(shard, shard % 2) for shard in range(64)]
        clocks = await rows_of(url, "SELECT relname FROM pg_class WHERE relkind = 'S' AND relname LIKE 'id_clock%'")
        assert {row["relname"] for row in clocks} == {f"id_clock_{shard}" for shard in range(node, 64, 2)}


async def test_a_run_that_failed_on_one_node_is_run_again(empty: Settings) -> None:
    first, second = empty.database_urls
    broken = empty.model_copy(update={"database_urls": [first, second.replace("models_empty", "not_there")]})
    with pytest.raises(DBAPIError, match="does not exist"):
        await migrate_all(broken)
    assert await pending_migrations(empty) == {1: None}
    await migrate_all(empty)
    assert await pending_migrations(empty) == {}


async def test_a_migration_that_fails_leaves_nothing_half_done(empty: Settings) -> None:
    connection = await asyncpg.connect(empty.database_urls[1])
    await connection.execute("CREATE TABLE users (in_the_way int)")
    with pytest.raises(Exception, match="already exists"):
        await migrate_all(empty)
    names = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    assert {row["relname"] for row in await connection.fetch(names)} <= {"users", "alembic_version"}
    await connection.execute("DROP TABLE users")
    await connection.close()
    await migrate_all(empty)
    assert await pending_migrations(empty) == {}


async def test_two_runs_beside_each_other(empty: Settings) -> None:
    runs = await asyncio.gather(*(alembic(empty, "upgrade", "head") for _ in range(2)))
    assert [run.returncode for run in runs] == [0, 0], [run.stderr for run in runs]
    await migrate_all(empty)
    assert await pending_migrations(empty) == {}
    assert len(await rows_of(empty.database_urls[0], "SELECT shard FROM shard_map")) == 64


async def test_set_ups_beside_each_other(empty: Settings) -> None:
    assert (await alembic(empty, "upgrade", "head")).returncode == 0
    engine = create_async_engine(empty.database_urls[1].replace("postgresql://", "postgresql+asyncpg://", 1))

    async def set_up() -> None:
        async with engine.begin() as connection:
            await connection.run_sync(set_up_node, 1, empty)

    await asyncio.gather(*(set_up() for _ in range(5)))
    await engine.dispose()
    assert [row["number"] for row in await rows_of(empty.database_urls[1], "SELECT number FROM node_identity")] == [1]
    assert len(await rows_of(empty.database_urls[1], "SELECT shard FROM shard_map")) == 64


async def test_nodes_in_another_order_are_refused(empty: Settings) -> None:
    await migrate_all(empty)
    swapped = empty.model_copy(update={"database_urls": empty.database_urls[::-1]})
    with pytest.raises(WrongNode, match="is node 1: put the URLs in their order"):
        await migrate_all(swapped)


def test_nodes_are_found_in_the_environment_or_in_the_running_stack(tmp_path: Path) -> None:
    assert node_urls({"HELIOGRAPH_DATABASE_URLS": "postgresql://a, postgresql://b,"}) == [
        "postgresql://a",
        "postgresql://b",
    ]
    with pytest.raises(LookupError, match=r"cli\.py up"):
        node_urls({"HELIOGRAPH_DATA": str(tmp_path)})
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "stack.json").write_text('{"database_urls": ["postgresql://c"]}')
    assert node_urls({"HELIOGRAPH_DATA": str(tmp_path)}) == ["postgresql://c"]
