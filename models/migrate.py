"""Migrations on every node, and the shard map of a new installation."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from core.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
# Two runs beside each other on one node: the second waits, then finds nothing left to do.
TAKE_MIGRATION_LOCK = "SELECT pg_advisory_lock(7430121)"
RELEASE_MIGRATION_LOCK = "SELECT pg_advisory_unlock(7430121)"
# The same for the set-up behind them, to its commit.
TAKE_SET_UP_LOCK = "SELECT pg_advisory_xact_lock(7430123)"

OnProgress = Callable[[int, str], None]


class WrongNode(Exception):
    """A database URL stands at another place in the list than the node was set up with."""


def node_urls(environment: Mapping[str, str]) -> list[str]:
    """The nodes named by HELIOGRAPH_DATABASE_URLS, or those of the stack that runs in HELIOGRAPH_DATA.

    Raises LookupError with a sentence for the operator where neither tells.
    """
    named = environment.get("HELIOGRAPH_DATABASE_URLS", "")
    if named:
        return [url.strip() for url in named.split(",") if url.strip()]
    running = Path(environment.get("HELIOGRAPH_DATA", ".data")) / "run" / "stack.json"
    if running.exists():
        urls: list[str] = json.loads(running.read_text())["database_urls"]
        return urls
    raise LookupError("Set HELIOGRAPH_DATABASE_URLS, or start the embedded servers with cli.py up.")


def alembic_config() -> Config:
    return Config(str(ROOT / "alembic.ini"))


def head() -> str:
    """The newest migration."""
    revision = ScriptDirectory.from_config(alembic_config()).get_current_head()
    if revision is None:
        raise LookupError("there are no migrations")
    return revision


async def migrate_all(settings: Settings, on_progress: OnProgress = lambda _node, _step: None) -> None:
    """Brings every node to the newest migration, one after the other, and writes the shard map of a new one.

    `on_progress(node, step)` is called when a node begins and ends. May be run again after a failure, and beside
    itself. Raises WrongNode, or what the driver raises.
    """
    for number, url in enumerate(settings.database_urls):
        on_progress(number, "migrating")
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                await connection.run_sync(_upgrade)
                await connection.run_sync(set_up_node, number, settings)
                await connection.commit()
        finally:
            await engine.dispose()
        on_progress(number, "ready")


def _upgrade(connection: Connection) -> None:
    config = alembic_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def set_up_node(connection: Connection, number: int, settings: Settings) -> None:
    """Writes the node's number, the first shard map, and a clock for each shard that the node holds; what is there
    stays. Raises WrongNode."""
    execute = connection.execute
    execute(sa.text(TAKE_SET_UP_LOCK))
    execute(
        sa.text("INSERT INTO node_identity (number) SELECT :n WHERE NOT EXISTS (SELECT FROM node_identity)"),
        {"n": number},
    )
    known = execute(sa.text("SELECT number FROM node_identity")).scalar_one()
    if known != number:
        raise WrongNode(
            f"The database at place {number} of HELIOGRAPH_DATABASE_URLS is node {known}: put the URLs in their order."
        )
    if not execute(sa.text("SELECT count(*) FROM shard_map")).scalar_one():
        execute(
            sa.text(
                "INSERT INTO shard_map (shard, node, version)"
                " SELECT s, s % :nodes, 1 FROM generate_series(0, :last) AS s"
            ),
            {"nodes": len(settings.database_urls), "last": settings.logical_shards - 1},
        )
    execute(sa.text("SELECT make_id_clocks()"))


async def pending_migrations(settings: Settings) -> dict[int, str | None]:
    """Nodes that are not at the newest migration, with the one at which they are."""
    newest = head()
    found: dict[int, str | None] = {}
    for number, url in enumerate(settings.database_urls):
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
        try:
            async with engine.connect() as connection:
                exists = await connection.scalar(sa.text("SELECT to_regclass('alembic_version')"))
                current = (
                    await connection.scalar(sa.text("SELECT version_num FROM alembic_version")) if exists else None
                )
        finally:
            await engine.dispose()
        if current != newest:
            found[number] = current
    return found


def migrate(settings: Settings, on_progress: OnProgress = lambda _node, _step: None) -> None:
    """`migrate_all` for callers without an event loop."""
    asyncio.run(migrate_all(settings, on_progress))
