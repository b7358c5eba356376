"""Who watches is known to Redis again soon after Redis has lost it, and looks once then."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from core import clock
from models.ids import shard_of
from services.backend import Backend
from services.feeds import keeping
from services.feeds.keeping import watching
from services.feeds.watching import feed_channel, key_of, tell_of_post, wake_watchers, watch
from services.live import Live
from tests.services.feeds.town import Town


@pytest.fixture
async def live(backend: Backend) -> AsyncIterator[Live]:
    listening = Live(backend.redis)
    listening.start()
    yield listening
    await listening.stop()


@pytest.fixture
async def redis(backend: Backend) -> AsyncIterator[Redis]:
    """Of its own, so that a test can count what is asked of it."""
    client = Redis(connection_pool=backend.redis.connection_pool.__class__.from_url(backend.settings.redis_url))
    yield client
    await client.aclose()
    await client.connection_pool.disconnect()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MARK_SECONDS", 0.1)


async def until_of(backend: Backend, viewer_id: int) -> float | None:
    score = await backend.redis.zscore(key_of(shard_of(viewer_id)), str(viewer_id))
    return None if score is None else float(score)


async def noted_again(backend: Backend, viewer_id: int) -> float:
    async with asyncio.timeout(5):
        while (score := await until_of(backend, viewer_id)) is None:
            await asyncio.sleep(0.01)
    return score


async def emptied(queue: asyncio.Queue[bytes]) -> None:
    """Of the message that comes with the confirmation."""
    await asyncio.sleep(0.05)
    while not queue.empty():
        queue.get_nowait()


def keeper_of(backend: Backend, live: Live) -> keeping._Keeper:
    found: keeping._Keeper = backend.kept[watching, live]
    return found


async def test_it_is_noted_again_while_the_stream_is_open(
    backend: Backend, town: Town, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await town.person()
    monkeypatch.setattr(keeping, "REFRESH_SECONDS", 0.1)
    async with live.subscribe(feed_channel(viewer)) as queue, watching(backend, live, viewer):
        await emptied(queue)
        first = await until_of(backend, viewer)
        assert first is not None
        assert first > clock.timestamp() + 60
        await backend.redis.zrem(key_of(shard_of(viewer)), str(viewer))
        assert await noted_again(backend, viewer) > first
        assert queue.empty()  # that is no reason to look
    await asyncio.sleep(0.05)
    last = await until_of(backend, viewer)
    await asyncio.sleep(0.3)
    assert await until_of(backend, viewer) == last


@pytest.mark.usefixtures("hasty")
async def test_after_a_flush_all_are_noted_again_and_look_once(backend: Backend, town: Town, live: Live) -> None:
    one, other = [await town.person() for _ in range(2)]
    async with (
        live.subscribe(feed_channel(one)) as first,
        live.subscribe(feed_channel(other)) as second,
        watching(backend, live, one),
        watching(backend, live, one),
        watching(backend, live, other),
    ):
        await emptied(first)
        await emptied(second)
        await backend.redis.flushdb()
        assert await wake_watchers(backend, [one, other]) == 0
        async with asyncio.timeout(5):
            assert [await first.get(), await second.get()] == [b"", b""]
        assert await wake_watchers(backend, [one, other]) == 2
        await emptied(first)
        await asyncio.sleep(0.4)
        assert first.empty()


@pytest.mark.usefixtures("hasty")
async def test_a_redis_that_restarts_with_something_old_is_told_again(backend: Backend, town: Town, live: Live) -> None:
    before, since = [await town.person() for _ in range(2)]
    async with watching(backend, live, before):
        await asyncio.sleep(0.25)
        keeper = keeper_of(backend, live)
        old = await backend.redis.get(keeper._key)
        assert old is not None
        async with watching(backend, live, since), live.subscribe(feed_channel(since)) as queue:
            await asyncio.sleep(0.25)
            await emptied(queue)
            # What was written since the snapshot is lost.
            async with backend.redis.pipeline() as pipeline:
                pipeline.set(keeper._key, old)
                pipeline.zrem(key_of(shard_of(since)), str(since))
                await pipeline.execute()
            assert await wake_watchers(backend, [before, since]) == 1
            await noted_again(backend, since)
            async with asyncio.timeout(5):
                assert await queue.get() == b""


@pytest.mark.usefixtures("hasty")
async def test_who_came_while_redis_was_away_is_noted_when_it_is_back(backend: Backend, town: Town, live: Live) -> None:
    viewer = await town.person()
    away = replace(backend, redis=Redis(port=1))
    async with watching(away, live, viewer), live.subscribe(feed_channel(viewer)) as queue:
        await emptied(queue)
        await tell_of_post(away, viewer)
        await asyncio.sleep(0.3)
        assert await until_of(backend, viewer) is None
        assert queue.empty()
        away.redis = backend.redis
        await noted_again(backend, viewer)
        async with asyncio.timeout(5):
            assert await queue.get() == b""


@pytest.mark.usefixtures("hasty")
async def test_how_many_watch_costs_redis_nothing_while_nothing_is_lost(
    backend: Backend, redis: Redis, town: Town, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewers = [await town.person() for _ in range(5)]
    own = replace(backend, redis=redis)
    sent: list[object] = []
    asked: Any = own.redis.execute_command
    noted: list[int] = []

    async def counted(*command: object, **options: object) -> object:
        sent.append(command[0])
        return await asked(*command, **options)

    async def watched(_: Backend, *viewer_ids: int) -> bool:
        noted.extend(viewer_ids)
        return await watch(own, *viewer_ids)

    monkeypatch.setattr(own.redis, "execute_command", counted)
    monkeypatch.setattr(keeping, "watch", watched)
    open_streams = [watching(own, live, viewer) for viewer in viewers]
    for stream in open_streams:
        await stream.__aenter__()
    await asyncio.sleep(0.55)
    for stream in open_streams:
        await stream.__aexit__(None, None, None)
    assert noted == viewers  # each at its beginning, and not again
    assert set(sent) == {"SET"}
    assert 3 <= len(sent) <= 7
    assert (watching, live) not in own.kept
    await asyncio.sleep(0.2)
    assert 3 <= len(sent) <= 7


async def test_the_last_to_leave_ends_it_and_the_next_begins_anew(backend: Backend, town: Town, live: Live) -> None:
    viewer = await town.person()
    async with watching(backend, live, viewer):
        async with watching(backend, live, viewer):
            keeper = keeper_of(backend, live)
        assert keeper.streams == {viewer: 1}
        assert keeper._task is not None
        assert not keeper._task.done()
    assert keeper._task.done()
    assert (watching, live) not in backend.kept
    async with watching(backend, live, viewer):
        assert keeper_of(backend, live) is not keeper
