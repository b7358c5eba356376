import asyncio
from collections.abc import AsyncIterator

import pytest

from core.settings import Settings
from services.backend import Backend
from services.tries import fail
from tests.commands.cli import cells, cli
from tests.empty_store import empty_store
from tests.services.outbox_rows import begun, claimed, delivery, emitted, make_due
from workers.fast import FAST
from workers.queue import enqueue, open_queue


@pytest.fixture(scope="module")
async def store(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings.model_copy(update={"job_max_tries": 2}), "jobs_command", redis=6) as backend:
        yield backend


async def test_it_shows_each_state_and_revives_the_dead(store: Backend) -> None:
    on_node_0 = 2
    for _ in range(3):
        await emitted(store, on_node_0)
    dead, failed, enqueued, running = [await emitted(store, on_node_0) for _ in range(4)]
    for event_id, tries in ((dead, 2), (failed, 1)):
        for _ in range(tries):
            await make_due(store, event_id)
            await fail(await begun(store, event_id), "ValueError('no such thing')")
    await begun(store, running)
    one = await claimed(store, enqueued)
    async with open_queue(store.settings.queue_url) as queue:
        await enqueue(queue, [(FAST, one)])

    shown = await cli(store.settings, "jobs")
    assert shown.returncode == 0, shown.stderr
    welcome = cells(shown.stdout, "0", "fast", "welcome_notification")
    assert welcome[3:8] == ["3", "1", "1", "1", "1"], shown.stdout  # pending, enqueued, running, failed, dead
    assert welcome[9] == "ValueError('no such thing')"
    assert cells(shown.stdout, "heliograph:fast") == ["heliograph:fast", "1"]

    other = await cli(store.settings, "jobs", "retry-dead", "--handler", "confirm_claims")
    assert other.stdout == "0 to be tried again\n"
    assert (await delivery(store, dead))["state"] == "DEAD"
    revived = await cli(store.settings, "jobs", "retry-dead")
    assert revived.stdout == "1 to be tried again\n"
    assert (await delivery(store, dead))["state"] == "PENDING"


async def test_a_handler_that_is_none_is_said_so(store: Backend) -> None:
    refused = await cli(store.settings, "jobs", "retry-dead", "--handler", "nobody")
    assert refused.returncode == 2
    assert "There is no handler nobody" in refused.stderr


async def test_a_queue_that_is_away_does_not_hide_the_outbox(store: Backend) -> None:
    away = store.settings.model_copy(update={"queue_url": "redis://127.0.0.1:9/0"})
    shown = await cli(away, "jobs")
    assert shown.returncode == 0, shown.stderr
    assert cells(shown.stdout, "heliograph:fast") == ["heliograph:fast", "no answer"]
    assert "welcome_notification" in shown.stdout


async def test_no_database_is_one_clear_sentence(store: Backend) -> None:
    gone = [url.replace("127.0.0.1", "127.0.0.2") for url in store.settings.database_urls]
    settings = store.settings.model_copy(update={"database_urls": gone})
    refused = await asyncio.gather(cli(settings, "jobs"), cli(settings, "shards", "list"))
    assert [(each.returncode, each.stderr) for each in refused] == [(1, "No database node answers.\n")] * 2
