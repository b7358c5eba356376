import asyncio

import pytest

from models.global_ids import NodeKind
from models.ids import shard_of
from models.tables import NotificationKind, UserState
from services.backend import Backend
from services.live import Live, user_channel
from services.notifications.tell import Telling, tell, write
from tests.services.notifications.conftest import People


async def test_an_event_is_told_once_however_often_it_is_told(backend: Backend, people: People) -> None:
    recipient = await people.new()
    for _ in range(3):
        await tell(backend, recipient, NotificationKind.WELCOME, event_id=7)
    await asyncio.gather(*(tell(backend, recipient, NotificationKind.WELCOME, event_id=8) for _ in range(6)))
    rows = await people.rows(recipient)
    assert [(row["sequence"], row["kind"], row["actor_count"]) for row in rows] == [
        (1, "WELCOME", 0),
        (2, "WELCOME", 0),
    ]


async def test_alike_ones_fold_and_move_up(people: People) -> None:
    recipient, *fans = [await people.new() for _ in range(4)]
    await people.likes(recipient, fans[0], post_id=1)
    [first] = await people.rows(recipient)
    await people.likes(recipient, fans[0], post_id=2)
    await people.likes(recipient, fans[1], post_id=1)
    await people.likes(recipient, fans[2], post_id=1)
    rows = await people.rows(recipient)
    assert [(row["sequence"], row["subject_id"], row["actor_count"]) for row in rows] == [(2, 2, 1), (4, 1, 3)]
    assert rows[1]["id"] == first["id"]
    assert await people.actors(first["id"]) == fans


async def test_an_actor_counts_once_and_moves_nothing_up(people: People) -> None:
    recipient, fan, other = [await people.new() for _ in range(3)]
    await people.likes(recipient, fan, post_id=1)
    await people.likes(recipient, other, post_id=2)
    before = await people.rows(recipient)
    await people.likes(recipient, fan, post_id=1)
    assert await people.rows(recipient) == before


async def test_a_second_comment_of_one_person_is_news_and_still_one_person(backend: Backend, people: People) -> None:
    recipient, fan, other = [await people.new() for _ in range(3)]
    for event_id, actor_id in enumerate((fan, other, fan), start=1):
        await tell(
            backend,
            recipient,
            NotificationKind.COMMENT,
            event_id=event_id,
            actor_id=actor_id,
            subject=(NodeKind.POST, 5),
        )
    [row] = await people.rows(recipient)
    assert (row["sequence"], row["actor_count"]) == (3, 2)
    assert await people.actors(row["id"]) == [other, fan]


async def test_a_read_one_stays_and_the_next_begins_anew(people: People) -> None:
    recipient, fan, other = [await people.new() for _ in range(3)]
    await people.likes(recipient, fan)
    await people.mark_read(recipient)
    await people.likes(recipient, other)
    assert [(row["sequence"], row["actor_count"]) for row in await people.rows(recipient)] == [(1, 1), (2, 1)]


async def test_what_does_not_fold_stands_alone(people: People) -> None:
    recipient, fan, other = [await people.new() for _ in range(3)]
    await people.likes(recipient, fan, fold=False)
    await people.likes(recipient, other, fold=False)
    rows = await people.rows(recipient)
    assert [(row["sequence"], row["actor_count"]) for row in rows] == [(1, 1), (2, 1)]
    assert [await people.actors(row["id"]) for row in rows] == [[fan], [other]]


async def test_nobody_is_told_of_what_they_did_themselves(people: People) -> None:
    recipient = await people.new()
    await people.likes(recipient, recipient)
    assert await people.rows(recipient) == []


async def test_who_is_not_there_is_told_nothing(backend: Backend, people: People) -> None:
    gone = await people.new(state=UserState.DELETED)
    never = await people.new() + 1
    elsewhere = (backend.shards.logical_shards + 1) << 10
    for recipient in (gone, never):
        await tell(backend, recipient, NotificationKind.WELCOME, event_id=1)
        assert await people.rows(recipient) == []
    await tell(backend, elsewhere, NotificationKind.WELCOME, event_id=1)


async def test_fifty_at_once_fold_into_one(people: People) -> None:
    recipient = await people.new()
    fans = [await people.new() for _ in range(10)]
    await asyncio.gather(*(people.likes(recipient, fan) for fan in fans * 5))
    [row] = await people.rows(recipient)
    assert row["actor_count"] == 10
    assert sorted(await people.actors(row["id"])) == sorted(fans)


async def test_a_sequence_is_held_to_the_commit(backend: Backend, people: People) -> None:
    recipient = await people.new()
    shard = shard_of(recipient)
    async with backend.transaction(shard) as slow:
        assert await write(slow, Telling(recipient, NotificationKind.WELCOME, 1)) == 1
        second = asyncio.create_task(tell(backend, recipient, NotificationKind.WELCOME, event_id=2))
        await asyncio.sleep(0.2)
        assert not second.done()
    await second
    assert [row["sequence"] for row in await people.rows(recipient)] == [1, 2]


async def test_a_rolled_back_telling_leaves_nothing_and_can_be_repeated(backend: Backend, people: People) -> None:
    recipient = await people.new()

    async def fail() -> None:
        async with backend.transaction(shard_of(recipient)) as transaction:
            await write(transaction, Telling(recipient, NotificationKind.WELCOME, 1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await people.rows(recipient) == []
    await tell(backend, recipient, NotificationKind.WELCOME, event_id=1)
    assert [row["sequence"] for row in await people.rows(recipient)] == [1]


async def test_it_is_announced_after_the_commit_also_when_it_was_told_before(
    backend: Backend, people: People, live: Live
) -> None:
    recipient = await people.new()
    async with live.subscribe(user_channel(recipient)) as woken:
        assert await asyncio.wait_for(woken.get(), 2) == b""
        for _ in range(2):
            await tell(backend, recipient, NotificationKind.WELCOME, event_id=1)
            assert await asyncio.wait_for(woken.get(), 2) == b"notification"
            assert len(await people.rows(recipient)) == 1
