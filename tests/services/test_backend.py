import asyncio
from collections.abc import AsyncIterator

import pytest

from core import clock
from core.settings import Settings
from services.backend import Backend
from tests.services.outbox_rows import delivery, emitted
from tests.turns import cancelled_at


@pytest.fixture
async def silent_redis() -> AsyncIterator[str]:
    """The address of a server that takes connections and never answers."""

    async def stay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    server = await asyncio.start_server(stay, "127.0.0.1", 0)
    yield f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
    server.close()


async def test_who_has_committed_does_not_wait_for_a_redis_that_hangs(settings: Settings, silent_redis: str) -> None:
    backend = await Backend.open(settings.model_copy(update={"redis_url": silent_redis}))
    began = clock.monotonic()
    event_id = await emitted(backend, 2)
    assert clock.monotonic() - began < 3
    assert (await delivery(backend, event_id))["state"] in {"PENDING", "ENQUEUED", "DONE"}
    await backend.close()


@pytest.mark.parametrize("turns", range(12))
async def test_who_publishes_is_cancelled_at_each_turn(backend: Backend, turns: int) -> None:
    await backend.redis.ping()
    assert await cancelled_at(turns, lambda: backend.publish("test-turns", b""))
