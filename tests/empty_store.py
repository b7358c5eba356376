"""A store of its own for tests that look at everything in it, or break it: new databases on the shared servers."""

import contextlib
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import asyncpg

from core.settings import Settings
from models.migrate import migrate_all
from services.backend import Backend


@contextlib.asynccontextmanager
async def empty_databases(settings: Settings, name: str) -> AsyncIterator[Settings]:
    """Settings of a database called `name` on each node, without any table; dropped at the end."""
    urls = [urlsplit(url)._replace(path=f"/{name}").geturl() for url in settings.database_urls]
    for url in settings.database_urls:
        connection = await asyncpg.connect(url)
        await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {name}")
        await connection.close()
    try:
        yield settings.model_copy(update={"database_urls": urls})
    finally:
        for url in settings.database_urls:
            connection = await asyncpg.connect(url)
            await connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            await connection.close()


@contextlib.asynccontextmanager
async def empty_store(settings: Settings, name: str, redis: int) -> AsyncIterator[Backend]:
    """Migrated, and with the Redis databases `redis` and `redis + 1` for itself."""
    urls = {
        "redis_url": urlsplit(settings.redis_url)._replace(path=f"/{redis}").geturl(),
        "queue_url": urlsplit(settings.redis_url)._replace(path=f"/{redis + 1}").geturl(),
    }
    async with empty_databases(settings.model_copy(update=urls), name) as own:
        await migrate_all(own)
        backend = await Backend.open(own)
        try:
            yield backend
        finally:
            await backend.close()
