import asyncio

import pytest
import structlog

from models.ids import shard_of
from services.backend import OUTBOX_CHANNEL, Backend
from services.consequences import CONSEQUENCES, EventKind
from services.outbox import Superseded, emit, read_events
from services.tries import begin, fail
from tests.services.outbox_rows import begun, claimed, delivery, emitted, make_due

NAMES = sorted(handler.name for handler in CONSEQUENCES[EventKind.USER_REGISTERED])


async def test_emit_writes_an_event_and_a_delivery_per_handler(outbox: Backend) -> None:
    with structlog.contextvars.bound_contextvars(correlation_id="c0ffee"):
        event_id = await emitted(outbox, 7, user_id=42)
    assert shard_of(event_id) == 7
    [event] = await read_all(outbox, 7)
    assert event == (event_id, EventKind.USER_REGISTERED, {"user_id": 42}, "c0ffee")
    rows = await outbox.reader().on_shard(
        7, "SELECT handler, state, attempts, shard FROM deliveries WHERE event_id = $1 ORDER BY handler", event_id
    )
    assert [tuple(row) for row in rows] == [(name, "PENDING", 0, 7) for name in NAMES]


async def test_a_rolled_back_transaction_leaves_no_event(outbox: Backend) -> None:
    async def regretted() -> None:
        async with outbox.transaction(7) as transaction:
            await emit(transaction, EventKind.USER_REGISTERED, {"user_id": 42})
            raise RuntimeError("not after all")

    with pytest.raises(RuntimeError, match="not after all"):
        await regretted()
    assert await outbox.reader().on_shard(7, "SELECT id FROM events") == []
    assert await outbox.reader().on_shard(7, "SELECT event_id FROM deliveries") == []


async def test_an_event_without_handlers_is_refused(outbox: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CONSEQUENCES, EventKind.USER_REGISTERED, ())
    with pytest.raises(LookupError, match="UserRegistered has no handler"):
        await emitted(outbox, 7)
    assert await outbox.reader().on_shard(7, "SELECT id FROM events") == []


async def test_the_relay_is_woken_after_the_commit(outbox: Backend) -> None:
    async with outbox.redis.pubsub() as pubsub:
        await pubsub.subscribe(OUTBOX_CHANNEL)
        await pubsub.get_message(timeout=1)
        async with outbox.transaction(9) as transaction:
            await emit(transaction, EventKind.USER_REGISTERED, {"user_id": 1})
            assert await pubsub.get_message(timeout=0.2) is None
        message = await pubsub.get_message(timeout=1)
        assert message is not None
        assert message["data"] == b"9"


async def test_a_transaction_without_events_wakes_nobody(outbox: Backend) -> None:
    async with outbox.redis.pubsub() as pubsub:
        await pubsub.subscribe(OUTBOX_CHANNEL)
        await pubsub.get_message(timeout=1)
        async with outbox.transaction(9) as transaction:
            await transaction.mint_id()
        assert await pubsub.get_message(timeout=0.2) is None


async def test_progress_is_kept_for_the_next_try_and_forgives_those_before(outbox: Backend) -> None:
    event_id = await emitted(outbox, 7)
    for attempt in (1, 2):
        job = await begun(outbox, event_id)
        assert job.attempt == attempt
        assert job.progress is None
        assert await fail(job, "boom") == "PENDING"
        await make_due(outbox, event_id)
    third = await begun(outbox, event_id)
    await third.save_progress({"after": 17})
    assert third.progress == {"after": 17}
    assert (await delivery(outbox, event_id))["forgiven"] == 3
    # The third try of three would have been the last.
    assert await fail(third, "boom") == "PENDING"
    await make_due(outbox, event_id)
    assert (await begun(outbox, event_id)).progress == {"after": 17}


async def test_a_try_that_was_superseded_cannot_save_progress(outbox: Backend) -> None:
    event_id = await emitted(outbox, 7)
    late = await begun(outbox, event_id)
    await fail(late, "its lease ran out")
    await make_due(outbox, event_id)
    now = await begin(outbox, await claimed(outbox, event_id), 10)
    assert now is not None
    await now.save_progress({"after": 2})
    with pytest.raises(Superseded):
        await late.save_progress({"after": 1})
    assert (await delivery(outbox, event_id))["progress"] == {"after": 2}


async def test_events_are_read_in_order_from_a_position(outbox: Backend) -> None:
    ids = [await emitted(outbox, 7, user_id=number) for number in range(5)]
    await emitted(outbox, 9)
    assert [event[0] for event in await read_all(outbox, 7)] == ids
    await settle()
    page = await read_events(outbox.reader(), 7, ids[1], 2)
    assert [event.id for event in page] == ids[2:4]
    assert await read_events(outbox.reader(), 7, ids[4], 10) == []


async def test_no_event_is_passed_over_when_commits_finish_in_another_order(outbox: Backend) -> None:
    first_may_commit = asyncio.Event()
    first_has_emitted: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def slow() -> None:
        async with outbox.transaction(7) as transaction:
            first_has_emitted.set_result(await emit(transaction, EventKind.USER_REGISTERED, {"user_id": 1}))
            await first_may_commit.wait()

    slowly = asyncio.create_task(slow())
    first = await first_has_emitted
    second = await emitted(outbox, 7, user_id=2)
    assert second > first
    await settle()
    # The second has committed; but to read it now would be to miss the first for ever.
    assert await read_events(outbox.reader(), 7, 0, 10) == []
    first_may_commit.set()
    await slowly
    await settle()
    assert [event.id for event in await read_events(outbox.reader(), 7, 0, 10)] == [first, second]


async def settle() -> None:
    """Ids are of the millisecond; a reader's horizon must have left it."""
    await asyncio.sleep(0.005)


async def read_all(backend: Backend, shard: int) -> list[tuple[object, ...]]:
    await settle()
    events = await read_events(backend.reader(), shard, 0, 100)
    return [(event.id, event.kind, event.payload, event.correlation_id) for event in events]
