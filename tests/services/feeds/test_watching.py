import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from redis.asyncio import Redis

from services.backend import Backend
from services.feeds import watching
from services.feeds.watching import feed_channel, key_of, posts_channel, tell_of_post, wake_watchers, watch
from services.live import Live
from tests.services.feeds.town import Town


@pytest.fixture
async def live(backend: Backend) -> AsyncIterator[Live]:
    listening = Live(backend.redis)
    listening.start()
    yield listening
    await listening.stop()


async def heard(queue: asyncio.Queue[bytes], seconds: float = 2) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await queue.get()
    except TimeoutError:
        return False
    return True


async def emptied(queue: asyncio.Queue[bytes]) -> None:
    """Of the message that comes with the confirmation."""
    while await heard(queue, 0.05):
        pass


async def test_who_watches_is_woken_and_nobody_else(backend: Backend, town: Town, live: Live) -> None:
    watcher, twice, other = [await town.person() for _ in range(3)]
    for viewer in (watcher, twice, twice):
        await watch(backend, viewer)
    async with (
        live.subscribe(feed_channel(watcher)) as first,
        live.subscribe(feed_channel(twice)) as second,
        live.subscribe(feed_channel(other)) as third,
    ):
        for queue in (first, second, third):
            await emptied(queue)
        assert await wake_watchers(backend, [watcher, other, twice]) == 2
        assert [await heard(queue) for queue in (first, second)] == [True, True]
        assert not await heard(third, 0.1)
        assert not await heard(second, 0.1)
    assert await wake_watchers(backend, []) == 0


async def test_who_no_longer_watches_is_forgotten(
    backend: Backend, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, present = [await town.person(shard=9) for _ in range(2)]
    monkeypatch.setattr(watching, "KEPT_SECONDS", 1.2)
    await watch(backend, gone)
    assert await wake_watchers(backend, [gone]) == 1
    await asyncio.sleep(0.6)
    await watch(backend, present)
    await asyncio.sleep(0.7)
    assert await wake_watchers(backend, [gone, present]) == 1
    await watch(backend, present)
    assert await backend.redis.zscore(key_of(9), str(gone)) is None
    await asyncio.sleep(1.3)
    assert await backend.redis.exists(key_of(9)) == 0


async def test_many_are_noted_in_turns(backend: Backend, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    viewers = [await town.person() for _ in range(7)]
    monkeypatch.setattr(watching, "AT_ONCE", 3)
    assert await watch(backend, *viewers)
    assert await wake_watchers(backend, viewers) == 7


async def test_a_post_is_told_of_to_those_who_watch_its_author(backend: Backend, town: Town, live: Live) -> None:
    author = await town.person()
    async with live.subscribe(posts_channel(author)) as queue:
        await emptied(queue)
        await tell_of_post(backend, author)
        assert await heard(queue)


async def test_without_redis_nothing_is_raised(backend: Backend, town: Town) -> None:
    viewer = await town.person()
    away = replace(backend, redis=Redis(port=1))
    assert not await watch(away, viewer)
    assert await wake_watchers(away, [viewer]) == 0
    await tell_of_post(away, viewer)
