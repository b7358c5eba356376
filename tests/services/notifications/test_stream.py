import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest

from core.errors import RequestErrorCode, RequestFault
from models.ids import shard_of
from models.tables import NotificationKind, UserState
from services.backend import Backend
from services.live import Live, user_channel
from services.notifications import stream
from services.notifications.cursors import cursor_of
from services.notifications.stream import NotificationArrival, notification_stream
from services.notifications.tell import Telling, tell, write
from services.pages import encode_cursor
from services.visible import MediaLinks
from tests.services.notifications.conftest import People

NEVER = 60.0
"""Seconds between looks that a test does not live to see: only a wake-up can have brought what arrives."""


class Listener:
    """A subscriber; `next` gives what arrives, as (sequence in the cursor, kind, number of actors, unread)."""

    def __init__(self, recipient_id: int, arrivals: AsyncIterator[NotificationArrival]) -> None:
        self._recipient_id = recipient_id
        self._arrivals: asyncio.Queue[NotificationArrival] = asyncio.Queue()
        self._task = asyncio.create_task(self._read(arrivals))

    async def _read(self, arrivals: AsyncIterator[NotificationArrival]) -> None:
        async for arrival in arrivals:
            self._arrivals.put_nowait(arrival)

    async def arrival(self, seconds: float = 5) -> NotificationArrival:
        async with asyncio.timeout(seconds):
            return await self._arrivals.get()

    async def next(self, seconds: float = 5) -> tuple[int, str, int, int]:
        arrival = await self.arrival(seconds)
        notification = arrival.notification
        assert arrival.cursor == cursor_of(self._recipient_id, notification.sequence)
        return notification.sequence, notification.kind.value, notification.actor_count, arrival.unread_count

    async def nothing(self, seconds: float = 0.3) -> None:
        with contextlib.suppress(TimeoutError):
            raise AssertionError(await self.next(seconds))

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


Listen = Callable[..., Listener]


@pytest.fixture
async def listen(backend: Backend, live: Live, links: MediaLinks) -> AsyncIterator[Listen]:
    listeners: list[Listener] = []

    def begin(recipient_id: int, after: int | None = None, *, look_seconds: float = NEVER, on: Live = live) -> Listener:
        cursor = None if after is None else cursor_of(recipient_id, after)
        arrivals = notification_stream(backend, on, links, recipient_id, cursor, look_seconds=look_seconds)
        listeners.append(Listener(recipient_id, arrivals))
        return listeners[-1]

    yield begin
    for listener in listeners:
        await listener.stop()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)


async def welcome(backend: Backend, recipient_id: int, event_id: int) -> None:
    await tell(backend, recipient_id, NotificationKind.WELCOME, event_id=event_id)


async def test_who_was_away_gets_what_was_missed_once_in_order_then_what_comes(
    backend: Backend, people: People, listen: Listen
) -> None:
    recipient = await people.new()
    for event_id in range(1, 48):
        await welcome(backend, recipient, event_id)
    listener = listen(recipient, after=2)
    assert [await listener.next() for _ in range(45)] == [(number, "WELCOME", 0, 47) for number in range(3, 48)]
    await listener.nothing()
    await welcome(backend, recipient, 48)
    await welcome(backend, recipient, 48)
    assert await listener.next() == (48, "WELCOME", 0, 48)
    await welcome(backend, recipient, 49)
    assert await listener.next() == (49, "WELCOME", 0, 49)
    await listener.nothing()


async def test_every_one_told_while_it_begins_arrives_once(backend: Backend, people: People, listen: Listen) -> None:
    recipient = await people.new()
    await welcome(backend, recipient, 1)
    telling = asyncio.gather(*(welcome(backend, recipient, event_id) for event_id in range(2, 42)))
    listeners = [listen(recipient, after=0) for _ in range(5)]
    await telling
    for listener in listeners:
        assert [(await listener.next())[0] for _ in range(41)] == list(range(1, 42))
        await listener.nothing(0.05)


async def test_one_that_comes_while_it_reads_is_not_waited_for(
    backend: Backend, people: People, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipient = await people.new()
    read, told = stream._above, asyncio.Event()

    async def read_slowly(*about: Any) -> Any:
        """By the time that the answer is there, it is out of date, and the wake-up has come."""
        answer = await read(*about)
        if not told.is_set():
            await welcome(backend, recipient, 1)
            await asyncio.sleep(0.2)
            told.set()
        return answer

    monkeypatch.setattr(stream, "_above", read_slowly)
    listener = listen(recipient, after=0)
    await told.wait()
    assert await listener.next() == (1, "WELCOME", 0, 1)


async def test_without_a_cursor_it_begins_now(backend: Backend, people: People, listen: Listen) -> None:
    recipient, newcomer = [await people.new() for _ in range(2)]
    await welcome(backend, recipient, 1)
    listener, other = listen(recipient), listen(newcomer)
    await listener.nothing()
    await welcome(backend, recipient, 2)
    await welcome(backend, newcomer, 3)
    assert await listener.next() == (2, "WELCOME", 0, 2)
    assert await other.next() == (1, "WELCOME", 0, 1)
    await listener.nothing()


async def test_what_folds_is_sent_again_where_it_moved_to(people: People, listen: Listen) -> None:
    recipient, fan, other = [await people.new() for _ in range(3)]
    listener = listen(recipient, after=None)
    await listener.nothing()
    await people.likes(recipient, fan)
    first = await listener.arrival()
    await people.likes(recipient, other)
    second = await listener.arrival()
    assert second.notification.id == first.notification.id
    assert (first.cursor, second.cursor) == (cursor_of(recipient, 1), cursor_of(recipient, 2))
    names = [await people.username(user) for user in (other, fan)]
    assert first.notification.text == f"{names[1]} liked your post."
    assert second.notification.text == f"{names[0]} and {names[1]} liked your post."
    assert second.unread_count == 1
    late = listen(recipient, after=0)
    assert (await late.next())[0] == 2
    await late.nothing()


async def test_two_that_finish_in_the_other_order_than_they_began_both_arrive(
    backend: Backend, people: People, listen: Listen
) -> None:
    recipient = await people.new()
    listener = listen(recipient, after=0, look_seconds=0.05)
    began, may_write = asyncio.Event(), asyncio.Event()

    async def slow() -> int | None:
        async with backend.transaction(shard_of(recipient)) as transaction:
            await transaction.mint_id()  # begun, with an id that is lower than all of the fast one
            began.set()
            await may_write.wait()
            return await write(transaction, Telling(recipient, NotificationKind.WELCOME, 1))

    slowly = asyncio.create_task(slow())
    await began.wait()
    await welcome(backend, recipient, 2)
    assert (await listener.next())[0] == 1
    may_write.set()
    assert await slowly == 2
    assert (await listener.next())[0] == 2
    await listener.nothing()


async def test_what_has_a_sequence_and_has_not_committed_is_not_overtaken(
    backend: Backend, people: People, listen: Listen
) -> None:
    recipient = await people.new()
    listener = listen(recipient, after=0, look_seconds=0.05)
    wrote, may_commit = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with backend.transaction(shard_of(recipient)) as transaction:
            assert await write(transaction, Telling(recipient, NotificationKind.WELCOME, 1)) == 1
            wrote.set()
            await may_commit.wait()

    slowly = asyncio.create_task(slow())
    await wrote.wait()
    fast = asyncio.create_task(welcome(backend, recipient, 2))
    await listener.nothing()
    assert not fast.done()
    may_commit.set()
    await asyncio.gather(slowly, fast)
    assert [(await listener.next())[0] for _ in range(2)] == [1, 2]
    await listener.nothing()


async def test_a_lost_wake_up_only_delays(backend: Backend, people: People, listen: Listen) -> None:
    recipient = await people.new()
    listener = listen(recipient, after=0, look_seconds=0.5)
    await listener.nothing(0.2)
    async with backend.transaction(shard_of(recipient)) as transaction:  # and nobody publishes anything
        await write(transaction, Telling(recipient, NotificationKind.WELCOME, 1))
    assert await listener.next(2) == (1, "WELCOME", 0, 1)
    await listener.nothing(0.6)


async def test_without_redis_it_only_delays(backend: Backend, people: People, listen: Listen) -> None:
    recipient = await people.new()
    listener = listen(recipient, after=0, look_seconds=0.3, on=Live(backend.redis))  # a listener that never hears
    await welcome(backend, recipient, 1)
    assert await listener.next(5) == (1, "WELCOME", 0, 1)
    await welcome(backend, recipient, 2)
    assert await listener.next(2) == (2, "WELCOME", 0, 2)


async def test_what_may_not_be_shown_is_passed_over(people: People, listen: Listen) -> None:
    recipient, hidden, fan = [await people.new() for _ in range(3)]
    await people.likes(recipient, hidden, post_id=1)
    await people.likes(recipient, fan, post_id=2)
    await people.set_state(hidden, UserState.SUSPENDED)
    listener = listen(recipient, after=0)
    assert (await listener.next())[0] == 2
    await listener.nothing()


async def test_what_perhaps_could_be_shown_is_waited_for(
    backend: Backend, people: People, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = [backend.shards.shards_on(node)[0] for node in range(2)]
    recipient, near, far = [await people.new(shard=shard) for shard in (here, here, there)]
    for number, fan in enumerate((near, far, near), start=1):
        await people.likes(recipient, fan, post_id=number)
    working = backend.shards._pools
    async with asyncpg.create_pool("postgresql://127.0.0.1:1/nowhere", min_size=0) as nowhere:
        with monkeypatch.context() as patched:
            patched.setattr(backend.shards, "_pools", [working[0], nowhere])
            listener = listen(recipient, after=0, look_seconds=0.05)
            assert (await listener.next())[0] == 1
            await listener.nothing()
            patched.setattr(backend.shards, "_pools", [nowhere, nowhere])
            await listener.nothing()
        assert [(await listener.next())[0] for _ in range(2)] == [2, 3]
        await listener.nothing(0.1)


async def test_nothing_is_held_while_waiting(backend: Backend, people: People, live: Live, listen: Listen) -> None:
    recipients = [await people.new() for _ in range(backend.settings.database_pool_size * 2 + 5)]
    listeners = [listen(recipient, after=0) for recipient in recipients]
    pools = [backend.shards.pool(node) for node in range(backend.shards.node_count)]
    await until(lambda: all(user_channel(recipient) in live._channels for recipient in recipients))
    await until(lambda: all(pool.get_idle_size() == pool.get_size() for pool in pools))
    await welcome(backend, recipients[-1], 1)
    assert (await listeners[-1].next())[0] == 1
    for listener in listeners:
        await listener.stop()
    assert live._channels == {}


@pytest.mark.parametrize(
    "foreign",
    [
        lambda _me: "x",
        lambda _me: "",
        lambda me: encode_cursor(1, me),
        lambda me: encode_cursor(7, me, 1),
        lambda me: cursor_of(me + 1, 1),
        lambda me: cursor_of(me, -1),
        lambda me: cursor_of(me, 2),
    ],
    ids=["text", "empty", "shorter", "of-another-stream", "of-someone-else", "below", "never-given-out"],
)
async def test_a_cursor_of_something_else_is_refused(
    backend: Backend, people: People, live: Live, links: MediaLinks, foreign: Callable[[int], str]
) -> None:
    recipient = await people.new()
    await welcome(backend, recipient, 1)
    arrivals = notification_stream(backend, live, links, recipient, foreign(recipient))
    with pytest.raises(RequestFault) as refused:
        await anext(arrivals)
    assert refused.value.code is RequestErrorCode.BAD_REQUEST
    assert live._channels == {}
