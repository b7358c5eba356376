"""Alembic's entry: runs what it is asked for on every node in turn, each with its own version table.

`models.migrate` hands over one connection at a time in `config.attributes`; plain `alembic` finds the nodes by the
settings. A node that already has a migration passes over it, so a run that failed on one node is simply run again.
"""

import asyncio
import os

import sqlalchemy as sa
from alembic import context
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from models.migrate import RELEASE_MIGRATION_LOCK, TAKE_MIGRATION_LOCK, node_urls
from models.tables import Base


def run_on(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    connection.execute(sa.text(TAKE_MIGRATION_LOCK))
    connection.commit()
    try:
        with context.begin_transaction():
            context.run_migrations()
    finally:
        connection.rollback()
        connection.execute(sa.text(RELEASE_MIGRATION_LOCK))
        connection.commit()


async def run_on_all(urls: list[str]) -> None:
    for url in urls:
        engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
        async with engine.connect() as connection:
            await connection.run_sync(run_on)
        await engine.dispose()


if context.is_offline_mode():
    context.configure(url="postgresql://", target_metadata=Base.metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    handed_over = context.config.attributes.get("connection")
    if handed_over is not None:
        run_on(handed_over)
    else:
        asyncio.run(run_on_all(node_urls(os.environ)))
