"""New posts over real sockets: those of a server with a Redis of its own, which is emptied now and then. No worker
runs, so a test wakes as a fan-out does."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from core.settings import Settings
from models.global_ids import NodeKind, encode
from services.accounts.sessions import sign_out
from services.backend import Backend
from services.feeds.watching import wake_watchers
from services.notifications.cursors import cursor_of
from services.streams import Stream, cursor_in
from tests.api import Subscriber, subscriber
from tests.factories import Person, make_user
from tests.posting import make_block, make_follow, make_post

STREAM = """
subscription ($after: String) {
  homeFeed(after: $after) { cursor newPostCount post { id author { username viewerRelationship { isFollowing } } } }
}
"""


@dataclass
class Server:
    backend: Backend
    url: str

    @contextlib.asynccontextmanager
    async def stream(self, person: Person, after: str | None = None) -> AsyncIterator[Subscriber]:
        async with subscriber(self.url, person.access_token) as client:
            await client.subscribe(STREAM, {"after": after} if after else {})
            await asyncio.sleep(0.3)
            yield client


@pytest.fixture(scope="module")
async def server(settings: Settings) -> AsyncIterator[Server]:
    from app import serve

    own = settings.model_copy(update={"redis_url": settings.redis_url.rsplit("/", 1)[0] + "/9"})
    backend = await Backend.open(own)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(serve(listening, own))
    yield Server(backend, f"ws://127.0.0.1:{listening.getsockname()[1]}/graphql")
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    listening.close()
    await backend.close()


def post_in(event: dict[str, Any]) -> str:
    return str(event["homeFeed"]["post"]["id"])


def named(post_id: int) -> str:
    return encode(NodeKind.POST, post_id)


async def test_across_reconnects_nothing_is_missed_and_nothing_comes_twice(server: Server) -> None:
    backend = server.backend
    viewer, friend, enemy, stranger = [await make_user(backend) for _ in range(4)]
    for followed in (friend, enemy):
        await make_follow(backend, viewer, followed)
    async with server.stream(viewer) as client:
        first = await make_post(backend, friend)
        assert await wake_watchers(backend, [viewer.id]) == 1
        event = await client.event(5)
        assert event["homeFeed"]["newPostCount"] == 1
        assert event["homeFeed"]["post"] == {
            "id": named(first),
            "author": {"username": friend.username, "viewerRelationship": {"isFollowing": True}},
        }
        cursor = event["homeFeed"]["cursor"]
        await client.nothing()
    missed = [await make_post(backend, author) for author in (friend, enemy, stranger, viewer, friend)]
    await backend.redis.flushdb()
    await make_block(backend, enemy, viewer)
    missed += [await make_post(backend, author) for author in (enemy, friend)]
    expected = [missed[0], missed[3], missed[4], missed[6]]
    async with server.stream(viewer, cursor) as client:
        events = [await client.event() for _ in expected]
        assert [post_in(event) for event in events] == [named(post) for post in expected]
        assert [event["homeFeed"]["newPostCount"] for event in events] == [1, 2, 3, 4]
        await client.nothing()
    # The connection was lost behind the second: the rest comes again, and only that.
    async with server.stream(viewer, events[1]["homeFeed"]["cursor"]) as client:
        assert [post_in(await client.event()) for _ in range(2)] == [named(post) for post in expected[2:]]
        await backend.redis.flushdb()
        later = await make_post(backend, friend)
        await wake_watchers(backend, [viewer.id])  # of whom Redis hardly knows again
        assert post_in(await client.event(5)) == named(later)
        await client.nothing()


async def test_posts_while_one_comes_and_goes(server: Server) -> None:
    backend = server.backend
    viewer, *friends = [await make_user(backend) for _ in range(4)]
    for friend in friends:
        await make_follow(backend, viewer, friend)
    first = await make_post(backend, friends[0])

    async def write(friend: Person) -> list[int]:
        made = []
        for _ in range(8):
            made.append(await make_post(backend, friend))
            await wake_watchers(backend, [viewer.id])
        return made

    writing = asyncio.gather(*map(write, friends))
    seen: list[str] = []
    cursor = cursor_in(Stream.HOME_FEED, viewer.id, first)
    while len(seen) < 24:
        async with server.stream(viewer, cursor) as client:
            for _ in range(min(5, 24 - len(seen))):
                event = await client.event(5)
                seen.append(post_in(event))
                cursor = event["homeFeed"]["cursor"]
    made = sorted(post for posts in await writing for post in posts)
    assert seen == [named(post) for post in made]
    async with server.stream(viewer, cursor) as client:
        await client.nothing()


async def test_whose_session_ends_hears_no_more(server: Server) -> None:
    viewer, friend = [await make_user(server.backend) for _ in range(2)]
    await make_follow(server.backend, viewer, friend)
    async with server.stream(viewer) as client:
        await sign_out(server.backend, viewer.viewer, everywhere=False)
        await make_post(server.backend, friend)
        with pytest.raises(ConnectionClosed):
            await client.next(5)


async def test_what_is_no_cursor_of_this_stream(server: Server) -> None:
    viewer, other = [await make_user(server.backend) for _ in range(2)]
    async with subscriber(server.url, viewer.access_token) as client:
        for after in ("nonsense", cursor_of(viewer.id, 1), cursor_in(Stream.HOME_FEED, other.id, 1)):
            await client.subscribe(STREAM, {"after": after})
            refused = await client.next()
            assert "BAD_REQUEST" in str(refused), refused
    async with subscriber(server.url) as client:
        await client.subscribe(STREAM)
        assert "UNAUTHENTICATED" in str(await client.next())
