import asyncio

import pytest

from services.backend import Backend
from services.consequences import EventKind
from services.deliveries import claim, sweep
from services.tries import begin, fail, finish, give_back, postpone, renew
from tests.services.outbox_rows import WELCOME, begun, claimed, delivery, emitted, make_due


async def test_a_try_is_counted_before_it_is_made(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5, user_id=42)
    job = await begun(outbox, event_id, lease_seconds=30)
    assert (job.event_id, job.kind, job.handler) == (event_id, EventKind.USER_REGISTERED, "welcome_notification")
    assert (job.payload, job.attempt, job.progress) == ({"user_id": 42}, 1, None)
    row = await delivery(outbox, event_id)
    assert (row["state"], row["attempts"]) == ("ENQUEUED", 1)
    assert row["started_at"] is not None
    assert row["wait"] == pytest.approx(30, abs=1)


async def test_of_two_workers_one_begins(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    one = await claimed(outbox, event_id)
    jobs = await asyncio.gather(*(begin(outbox, one, 10) for _ in range(5)))
    assert [job is not None for job in jobs].count(True) == 1
    assert (await delivery(outbox, event_id))["attempts"] == 1


async def test_a_swept_job_that_comes_after_all_is_begun(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    one = await claimed(outbox, event_id)
    await make_due(outbox, event_id)
    assert await sweep(outbox, 5) == ["PENDING"]
    assert await begin(outbox, one, 10) is not None
    assert await claim(outbox, 5, WELCOME) == []


async def test_done_is_done(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    job = await begun(outbox, event_id)
    await finish(job)
    row = await delivery(outbox, event_id)
    assert (row["state"], row["started_at"], row["last_error"]) == ("DONE", None, None)
    assert row["done_at"] is not None
    assert await fail(job, "too late") is None
    assert (await delivery(outbox, event_id))["state"] == "DONE"


async def test_who_finishes_after_the_lease_finishes_all_the_same(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    late = await begun(outbox, event_id)
    await fail(late, "its lease ran out")
    await finish(late)
    assert (await delivery(outbox, event_id))["state"] == "DONE"


async def test_failures_wait_longer_each_time_and_then_are_dead(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    first = outbox.settings.job_backoff_seconds
    seen = []
    for number in range(outbox.settings.job_max_tries):
        state = await fail(await begun(outbox, event_id), f"boom {number}")
        row = await delivery(outbox, event_id)
        seen.append((state, row["state"], row["last_error"]))
        longest = first * 2**number
        assert longest / 2 - 0.1 <= row["wait"] <= longest
        await make_due(outbox, event_id)
    assert seen == [("PENDING",) * 2 + ("boom 0",), ("PENDING",) * 2 + ("boom 1",), ("DEAD",) * 2 + ("boom 2",)]


async def test_an_outage_is_not_held_against_the_job(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    for _ in range(outbox.settings.job_max_tries + 2):
        job = await begun(outbox, event_id)
        await postpone(job, "ShardUnavailable")
        await make_due(outbox, event_id)
    row = await delivery(outbox, event_id)
    assert (row["state"], row["attempts"], row["forgiven"]) == ("PENDING", 5, 5)
    assert row["last_error"] == "ShardUnavailable"


async def test_what_is_given_back_is_due_at_once(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    await give_back(await begun(outbox, event_id))
    row = await delivery(outbox, event_id)
    assert (row["state"], row["attempts"], row["forgiven"]) == ("PENDING", 1, 1)
    assert row["wait"] <= 0


async def test_a_lease_is_renewed_until_it_is_lost(outbox: Backend) -> None:
    event_id = await emitted(outbox, 5)
    job = await begun(outbox, event_id, lease_seconds=20)
    await make_due(outbox, event_id)
    assert await renew(job)
    assert (await delivery(outbox, event_id))["wait"] == pytest.approx(20, abs=1)
    await fail(job, "boom")
    assert not await renew(job)
