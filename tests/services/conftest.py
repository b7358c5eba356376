"""A store in which the deliveries of nobody else are due."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from core.settings import Settings
from services.backend import Backend
from tests.empty_store import empty_store


@pytest.fixture(scope="session")
async def outbox_store(settings: Settings) -> AsyncIterator[Backend]:
    waits = {"job_backoff_seconds": 0.2, "job_max_tries": 3}
    async with empty_store(settings.model_copy(update=waits), "outbox_store", redis=4) as backend:
        yield backend


@pytest.fixture
async def outbox(outbox_store: Backend) -> Backend:
    """The same, with nothing in the outbox."""
    for shard in range(outbox_store.shards.logical_shards):
        async with outbox_store.transaction(shard) as transaction:
            for table in ("deliveries", "events"):
                column = "event_id" if table == "deliveries" else "id"
                await transaction.session.execute(text(f"DELETE FROM {table} WHERE shard_of({column}) = {shard}"))
    return outbox_store
