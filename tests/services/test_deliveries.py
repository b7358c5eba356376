import asyncio

from services.backend import OUTBOX_CHANNEL, Backend
from services.consequences import EventKind
from services.dead_letters import revive
from services.deliveries import CLAIMED_AT_ONCE, Claimed, claim, due_shards, overdue_shards, put_back, sweep
from services.outbox import emit
from services.tries import begin, defer, fail, finish_along, give_back
from tests.services.outbox_rows import HANDLERS, WELCOME, begun, change, claimed, delivery, emitted, make_due


async def test_only_shards_with_something_due_are_named(outbox: Backend) -> None:
    due, later = await emitted(outbox, 3), await emitted(outbox, 4)
    await change(outbox, later, "due_at = clock_now() + interval '1 minute'")
    assert await due_shards(outbox.reader(), HANDLERS) == [3]
    assert await due_shards(outbox.reader(), ["some_other_handler"]) == []
    await claim(outbox, 3, HANDLERS)
    assert await due_shards(outbox.reader(), HANDLERS) == []
    assert await overdue_shards(outbox.reader()) == []
    await make_due(outbox, due)
    assert await overdue_shards(outbox.reader()) == [3]


async def test_a_claim_takes_what_is_due_for_the_handlers_of_the_shard(outbox: Backend) -> None:
    here, _elsewhere, later = await emitted(outbox, 3), await emitted(outbox, 4), await emitted(outbox, 3)
    await change(outbox, later, "due_at = clock_now() + interval '1 minute'")
    [found] = await claim(outbox, 3, WELCOME)
    assert (found.event_id, found.handler, found.attempts) == (here, "welcome_notification", 0)
    row = await delivery(outbox, here)
    assert row["state"] == "ENQUEUED"
    assert 0 < row["wait"] <= outbox.settings.sweep_after_seconds
    assert (await delivery(outbox, here, "confirm_claims"))["state"] == "PENDING"


async def test_relays_side_by_side_claim_each_delivery_once(outbox: Backend) -> None:
    events = {await emitted(outbox, 3) for _ in range(30)}
    rounds = await asyncio.gather(*(claim(outbox, 3, HANDLERS) for _ in range(6)))
    taken = [(one.event_id, one.handler) for found in rounds for one in found]
    assert sorted(taken) == sorted((event, handler) for event in events for handler in HANDLERS)


async def test_a_claim_says_how_large_the_work_is(outbox: Backend) -> None:
    weights: dict[int, int] = {}
    for byte_size in (7_000_000, None):  # an event of the time when that was not said
        payload = {"upload_id": 1} | ({} if byte_size is None else {"byte_size": byte_size})
        async with outbox.transaction(3) as transaction:
            event_id = await emit(transaction, EventKind.UPLOAD_FINISHED, payload)
        weights[event_id] = byte_size or 0
    weights[await emitted(outbox, 3)] = 0
    found = await claim(outbox, 3, [*WELCOME, "process_upload"])
    assert {one.event_id: one.weight for one in found} == weights


FAN_OUT = ["fan_out_post"]


async def posted(backend: Backend, shard: int, author_id: int) -> int:
    """The id of the event."""
    async with backend.transaction(shard) as transaction:
        return await emit(transaction, EventKind.POST_CREATED, {"author_id": author_id, "post_id": 1})


async def test_of_a_lane_one_goes_to_the_queue_at_a_time(outbox: Backend) -> None:
    first, second, third, other = [await posted(outbox, 3, author) for author in (1, 1, 1, 2)]
    assert sorted(one.event_id for one in await claim(outbox, 3, FAN_OUT)) == [first, other]
    assert await claim(outbox, 3, FAN_OUT) == []
    job = await begin(outbox, Claimed(first, "fan_out_post", 0), 10)
    assert job is not None
    await job.save_progress({"after": 5})
    await give_back(job)
    await change(outbox, first, "due_at = clock_now()")
    [again] = await claim(outbox, 3, FAN_OUT)  # what was begun goes first, though it is due last
    assert (again.event_id, again.attempts) == (first, 1)
    job = await begin(outbox, again, 10)
    assert job is not None
    await finish_along(job, [first, second])
    assert [one.event_id for one in await claim(outbox, 3, FAN_OUT)] == [third]


async def test_what_was_begun_does_not_wait_for_who_has_deferred_to_it(outbox: Backend) -> None:
    leader, deferred, waiting = [await posted(outbox, 3, 1) for _ in range(3)]
    job = await begin(outbox, Claimed(leader, "fan_out_post", 0), 10)
    other = await begin(outbox, Claimed(deferred, "fan_out_post", 0), 10)
    assert job is not None
    assert other is not None
    await defer(other)
    await job.save_progress({"after": 5})
    await give_back(job)
    [again] = await claim(outbox, 3, FAN_OUT)
    assert (again.event_id, again.attempts) == (leader, 1)
    assert await claim(outbox, 3, FAN_OUT) == []
    assert (await delivery(outbox, waiting, "fan_out_post"))["state"] == "PENDING"


async def test_what_is_given_back_wakes_the_relay_once(outbox: Backend) -> None:
    job = await begun(outbox, await emitted(outbox, 3))
    async with outbox.redis.pubsub() as heard:
        await heard.subscribe(OUTBOX_CHANNEL)
        assert await heard.get_message(timeout=5)
        for wakes in (True, False):
            await give_back(job)
            message = await heard.get_message(ignore_subscribe_messages=True, timeout=1 if wakes else 0.2)
            assert (message["data"] if message else None) == (b"3" if wakes else None)


async def test_a_lane_stands_still_for_none_of_the_other_handlers(outbox: Backend) -> None:
    first, second = await posted(outbox, 3, 1), await posted(outbox, 3, 1)
    found = {(one.event_id, one.handler) for one in await claim(outbox, 3, [*FAN_OUT, "list_post"])}
    assert found == {(first, "fan_out_post"), (first, "list_post"), (second, "list_post")}


async def test_what_waited_for_its_lane_wakes_the_relay(outbox: Backend) -> None:
    first, second = await posted(outbox, 3, 1), await posted(outbox, 3, 1)
    async with outbox.redis.pubsub() as heard:
        await heard.subscribe(OUTBOX_CHANNEL)
        assert await heard.get_message(timeout=5)
        for event_id, wakes in ((first, True), (second, False)):
            [one] = await claim(outbox, 3, FAN_OUT)
            assert one.event_id == event_id
            job = await begin(outbox, one, 10)
            assert job is not None
            await finish_along(job, [event_id])
            message = await heard.get_message(ignore_subscribe_messages=True, timeout=1 if wakes else 0.2)
            assert (message["data"] if message else None) == (b"3" if wakes else None)


async def test_a_claim_is_bounded(outbox: Backend) -> None:
    for _ in range(CLAIMED_AT_ONCE // 2 + 1):
        await emitted(outbox, 3)
    assert len(await claim(outbox, 3, HANDLERS)) == CLAIMED_AT_ONCE
    assert len(await claim(outbox, 3, HANDLERS)) == 2


async def test_what_could_not_be_enqueued_is_due_again(outbox: Backend) -> None:
    event_id = await emitted(outbox, 3)
    one = await claimed(outbox, event_id)
    await put_back(outbox, 3, [one])
    row = await delivery(outbox, event_id)
    assert (row["state"], row["attempts"]) == ("PENDING", 0)
    assert row["wait"] <= 0


async def test_what_has_begun_is_not_put_back(outbox: Backend) -> None:
    event_id = await emitted(outbox, 3)
    one = await claimed(outbox, event_id)
    assert await begin(outbox, one, 10) is not None
    await put_back(outbox, 3, [one])
    assert (await delivery(outbox, event_id))["state"] == "ENQUEUED"


async def test_the_sweeper_leaves_alone_what_is_in_time(outbox: Backend) -> None:
    event_id = await emitted(outbox, 3)
    await claimed(outbox, event_id)
    assert await sweep(outbox, 3) == []
    assert (await delivery(outbox, event_id))["state"] == "ENQUEUED"


async def test_what_the_queue_lost_goes_round_again_however_often(outbox: Backend) -> None:
    event_id = await emitted(outbox, 3)
    for _ in range(outbox.settings.job_max_tries + 2):
        await claimed(outbox, event_id)
        await make_due(outbox, event_id)
        assert "DEAD" not in await sweep(outbox, 3)
    row = await delivery(outbox, event_id)
    assert (row["state"], row["attempts"], row["last_error"]) == ("PENDING", 0, None)


async def test_what_kills_its_worker_each_time_is_dead_in_the_end(outbox: Backend) -> None:
    event_id = await emitted(outbox, 3)
    states = []
    for _ in range(outbox.settings.job_max_tries):
        await begun(outbox, event_id)
        await change(outbox, event_id, "due_at = clock_now() - interval '1 s'")
        await sweep(outbox, 3)
        states.append((await delivery(outbox, event_id))["state"])
    assert states == ["PENDING", "PENDING", "DEAD"]
    assert (await delivery(outbox, event_id))["last_error"] == "the worker was lost"
    assert await claim(outbox, 3, WELCOME) == []


async def test_the_dead_are_tried_anew_when_asked_for(outbox: Backend) -> None:
    event_id = await emitted(outbox, 3)
    for _ in range(outbox.settings.job_max_tries):
        await make_due(outbox, event_id)
        await fail(await begun(outbox, event_id), "boom")
    assert (await delivery(outbox, event_id))["state"] == "DEAD"
    assert await revive(outbox, "confirm_claims") == 0
    assert await revive(outbox, "welcome_notification") == 1
    row = await delivery(outbox, event_id)
    assert (row["state"], row["attempts"], row["forgiven"]) == ("PENDING", 3, 3)
    assert await fail(await begun(outbox, event_id), "boom") == "PENDING"
