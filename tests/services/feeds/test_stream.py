"""The stream of new posts: each once, in the order of ids, whatever happens to commits, wake-ups, Redis and nodes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import insert, text

from core import clock
from core.errors import RequestErrorCode, RequestFault
from models.ids import shard_of
from models.tables import HashtagFollow, HashtagPost, Mute, Post
from services.backend import Backend
from services.consequences import EventKind
from services.feeds import stream, watching
from services.feeds.arriving import shown_of
from services.feeds.pulled import forget_pulled, pulled_authors
from services.feeds.stream import FeedArrival, home_feed_stream
from services.feeds.watching import feed_channel, posts_channel, tell_of_post, wake_watchers
from services.hashtags import hashtags_for
from services.live import Live
from services.mirrors import apply
from services.notifications.cursors import cursor_of
from services.outbox import emit
from services.pages import encode_cursor
from services.streams import Stream, cursor_in, position_in
from services.visible import HashtagRow, MediaLinks
from tests.services.feeds.town import Town

NEVER = 60.0
"""Seconds between looks that a test does not live to see: only a wake-up can have brought what arrives."""
SOON = 0.05


class Listener:
    """A subscriber; `next` gives what arrives, as (id of the post, count), and keeps where the stream stands."""

    def __init__(self, viewer_id: int, arrivals: AsyncIterator[FeedArrival]) -> None:
        self.viewer_id = viewer_id
        self.cursor = ""
        self._arrivals: asyncio.Queue[FeedArrival] = asyncio.Queue()
        self._task = asyncio.create_task(self._read(arrivals))

    async def _read(self, arrivals: AsyncIterator[FeedArrival]) -> None:
        async for arrival in arrivals:
            self._arrivals.put_nowait(arrival)

    async def next(self, seconds: float = 5) -> tuple[int | None, int]:
        async with asyncio.timeout(seconds):
            arrival = await self._arrivals.get()
        self.cursor = arrival.cursor
        if arrival.post is not None:
            assert position_in(Stream.HOME_FEED, self.viewer_id, arrival.cursor) == arrival.post.id
        return arrival.post.id if arrival.post else None, arrival.new_post_count

    async def ids(self, count: int) -> list[int | None]:
        return [(await self.next())[0] for _ in range(count)]

    async def nothing(self, seconds: float = 0.3) -> None:
        with contextlib.suppress(TimeoutError):
            raise AssertionError(await self.next(seconds))

    async def stop(self) -> None:
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task


Listen = Callable[..., Listener]


@pytest.fixture
def links(backend: Backend) -> MediaLinks:
    return MediaLinks(backend.signer)


@pytest.fixture
async def live(backend: Backend) -> AsyncIterator[Live]:
    listening = Live(backend.redis)
    listening.start()
    yield listening
    await listening.stop()


@pytest.fixture
async def listen(backend: Backend, live: Live, links: MediaLinks) -> AsyncIterator[Listen]:
    listeners: list[Listener] = []

    def begin(viewer_id: int, after: str | None = None, *, look_seconds: float = SOON, on: Live = live) -> Listener:
        arrivals = home_feed_stream(backend, on, links, viewer_id, after, look_seconds=look_seconds)
        listeners.append(Listener(viewer_id, arrivals))
        return listeners[-1]

    yield begin
    for listener in listeners:
        await listener.stop()


def behind(viewer_id: int, post_id: int) -> str:
    return cursor_in(Stream.HOME_FEED, viewer_id, post_id)


async def follows(town: Town, *authors: int) -> int:
    viewer = await town.person()
    for author in authors:
        await town.set_follow(viewer, author)
    return viewer


async def follow_tag(backend: Backend, viewer_id: int, hashtag: HashtagRow) -> None:
    key = {"user_id": viewer_id, "hashtag_id": hashtag.id}
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        made = insert(HashtagFollow).values(
            **key, name=hashtag.name, state="FOLLOWED", version=1, since=text("clock_now()")
        )
        await transaction.session.execute(made)


async def post_under(backend: Backend, author_id: int, *hashtags: HashtagRow) -> tuple[int, int]:
    """As it stands after the commit: nobody has put it on the pages of its hashtags. The post, and its event."""
    async with backend.transaction(shard_of(author_id)) as transaction:
        post_id = await transaction.mint_id()
        stored = [{"id": hashtag.id, "name": hashtag.name} for hashtag in hashtags]
        post = insert(Post).values(id=post_id, author_id=author_id, kind="PHOTO", media=[], hashtags=stored)
        await transaction.session.execute(post)
        event_id = await emit(transaction, EventKind.POST_CREATED, {"author_id": author_id, "post_id": post_id})
    return post_id, event_id


async def put_on_page(backend: Backend, hashtag: HashtagRow, post_id: int) -> None:
    async with backend.transaction(shard_of(hashtag.id)) as transaction:
        key = {"hashtag_id": hashtag.id, "post_id": post_id}
        await apply(transaction, HashtagPost, key, {"since": text("clock_now()")}, version=1, state="LISTED")


async def set_delivery(backend: Backend, event_id: int, state: str) -> None:
    async with backend.transaction(shard_of(event_id)) as transaction:
        done = text("UPDATE deliveries SET state = :state WHERE event_id = :event AND handler = 'list_post'")
        await transaction.session.execute(done, {"state": state, "event": event_id})


async def test_who_was_away_gets_what_was_missed_once_in_order_then_what_comes(town: Town, listen: Listen) -> None:
    near, far, stranger = [await town.person(shard=shard) for shard in (2, 3, 4)]
    viewer = await follows(town, near, far)
    first = await town.post(near)
    missed = [await town.post(author) for author in (far, near, viewer, stranger, far)]
    listener = listen(viewer, behind(viewer, first))
    expected = [missed[0], missed[1], missed[2], missed[4]]
    assert [await listener.next() for _ in range(4)] == [(post, n) for n, post in enumerate(sorted(expected), start=1)]
    await listener.nothing()
    later = await town.post(near)
    assert await listener.next() == (later, 5)
    cursor = listener.cursor
    await listener.stop()
    last = await town.post(far)
    again = listen(viewer, cursor)
    assert await again.next() == (last, 1)
    await again.nothing()


async def test_without_a_cursor_it_begins_now(town: Town, listen: Listen) -> None:
    author = await town.person()
    viewer = await follows(town, author)
    await town.post(author)
    await asyncio.sleep(0.01)
    listener = listen(viewer)
    await listener.nothing()
    post = await town.post(author)
    assert await listener.next() == (post, 1)
    await listener.nothing()


async def test_what_commits_late_is_waited_for_and_nothing_overtakes_it(
    backend: Backend, town: Town, listen: Listen
) -> None:
    slow_author, near, far = [await town.person(shard=shard) for shard in (6, 6, 7)]
    viewer = await follows(town, slow_author, near, far)
    listener = listen(viewer)
    await listener.nothing(0.1)
    async with backend.transaction(shard_of(slow_author)) as transaction:
        slow = await transaction.mint_id()
        quick = [await town.post(near), await town.post(far)]
        await listener.nothing(0.4)
        made = insert(Post).values(id=slow, author_id=slow_author, kind="PHOTO", media=[])
        await transaction.session.execute(made)
    assert await listener.ids(3) == [slow, *sorted(quick)]
    await listener.nothing(0.1)


async def test_a_wake_up_brings_it_also_where_the_horizon_is_behind(
    backend: Backend, town: Town, listen: Listen, live: Live
) -> None:
    author, other = await town.person(shard=6), await town.person(shard=8)
    viewer = await follows(town, author)
    listener = listen(viewer, look_seconds=NEVER)
    await until(lambda: feed_channel(viewer) in live._confirmed)
    await listener.nothing(0.5)
    async with backend.transaction(shard_of(other)) as transaction:
        await transaction.mint_id()
        post = await town.post(author)
        assert await wake_watchers(backend, [viewer]) == 1
        await listener.nothing(0.3)
    assert await listener.next() == (post, 1)


async def test_a_horizon_that_is_held_for_long_delays_by_a_second_at_most(
    backend: Backend, town: Town, listen: Listen, live: Live
) -> None:
    author, other = await town.person(shard=6), await town.person(shard=8)
    viewer = await follows(town, author)
    listener = listen(viewer, look_seconds=NEVER)
    await until(lambda: feed_channel(viewer) in live._confirmed)
    await listener.nothing(0.5)
    async with backend.transaction(shard_of(other)) as transaction:
        await transaction.mint_id()
        post = await town.post(author)
        assert await wake_watchers(backend, [viewer]) == 1
        await listener.nothing(3.4)  # doubled each time without an end, it would look again behind 6.4 seconds
    assert await listener.next(2) == (post, 1)


async def test_how_often_it_looks_while_it_waits_for_the_horizon(
    backend: Backend, links: MediaLinks, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await town.person()
    now = 1_000.0
    monkeypatch.setattr(clock, "monotonic", lambda: now)
    walk = stream._Walk(backend, links, viewer, 0)
    looks = []
    async with backend.transaction(shard_of(viewer)) as transaction:
        await transaction.mint_id()
        await walk.look(was_woken=True)
        while (seconds := walk.patience()) < NEVER:
            looks.append(seconds)
            now += seconds
            await walk.look(was_woken=False)
        assert [round(seconds, 2) for seconds in looks] == [0.05, 0.05, 0.1, 0.2, 0.4, 0.8, *[1.0] * 29]
        await walk.look(was_woken=True)
        assert walk.patience() == 0.05
    await walk.look(was_woken=True)
    async with asyncio.timeout(5):
        while walk.patience() < NEVER:
            await asyncio.sleep(0.01)
            await walk.look(was_woken=False)


async def test_a_wake_up_brings_it_also_where_the_clock_was_stepped_back(
    backend: Backend, town: Town, listen: Listen, live: Live
) -> None:
    author = await town.person()
    viewer = await follows(town, author)
    listener = listen(viewer, look_seconds=NEVER)
    await until(lambda: feed_channel(viewer) in live._confirmed)
    await listener.nothing(0.5)
    # The floor is ahead of the clock, as it is then: ids stand at it.
    floor = clock.now_ms() - clock.EPOCH_MS + 700
    for node in range(backend.shards.node_count):
        await backend.shards.pool(node).fetchval("SELECT setval('id_floor', $1)", floor)
    post = await town.post(author)
    assert await wake_watchers(backend, [viewer]) == 1
    assert await listener.next() == (post, 1)


async def test_a_wake_up_is_kept_in_mind_while_a_node_does_not_answer(
    backend: Backend, town: Town, links: MediaLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer, other = await town.person(), await town.person()
    walk = stream._Walk(backend, links, viewer, 0)
    await asyncio.sleep(0.02)
    async with asyncio.timeout(5):
        while walk.patience() < NEVER:
            await walk.look(was_woken=False)
    working = backend.shards._pools
    async with backend.transaction(shard_of(other)) as transaction:
        await transaction.mint_id()
        async with asyncpg.create_pool("postgresql://127.0.0.1:1/nowhere", min_size=0) as nowhere:
            with monkeypatch.context() as patched:
                patched.setattr(backend.shards, "_pools", [working[0], nowhere])
                await walk.look(was_woken=True)
                assert walk.patience() <= 1
        await walk.look(was_woken=False)
        assert walk.patience() <= 1


async def test_what_was_told_of_after_redis_was_emptied_comes_soon(
    backend: Backend, town: Town, listen: Listen, live: Live
) -> None:
    author = await town.person()
    viewer = await follows(town, author)
    listener = listen(viewer, look_seconds=NEVER)
    await until(lambda: feed_channel(viewer) in live._confirmed)
    await listener.nothing(1.2)
    await backend.redis.flushdb()
    post = await town.post(author)
    assert await wake_watchers(backend, [viewer]) == 0
    assert await listener.next() == (post, 1)
    again = await town.post(author)
    assert await wake_watchers(backend, [viewer]) == 1
    assert await listener.next() == (again, 2)


async def test_a_pulled_authors_post_wakes_as_well(backend: Backend, town: Town, listen: Listen, live: Live) -> None:
    author, other = await town.person(), await town.person()
    viewer = await follows(town, author)
    await town.open_interval(author)
    await town.open_interval(other)
    forget_pulled(backend)
    listener = listen(viewer, look_seconds=NEVER)
    await until(lambda: posts_channel(author) in live._confirmed)
    assert posts_channel(other) not in live._channels
    await listener.nothing(0.5)
    post = await town.post(author)
    await tell_of_post(backend, author)
    assert await listener.next() == (post, 1)
    # It is pushed again: its followers are woken themselves, and nobody listens to it any more.
    await town.close_interval(author)
    forget_pulled(backend)
    again = await town.post(author)
    await wake_watchers(backend, [viewer])
    assert await listener.next() == (again, 2)
    await until(lambda: posts_channel(author) not in live._channels)
    last = await town.post(author)
    await wake_watchers(backend, [viewer])
    assert await listener.next() == (last, 3)


async def test_a_lost_wake_up_only_delays(backend: Backend, town: Town, listen: Listen) -> None:
    author = await town.person()
    viewer = await follows(town, author)
    listener = listen(viewer, look_seconds=0.3, on=Live(backend.redis))  # a listener that never hears
    await asyncio.sleep(2.5)  # it waits so long for a confirmation
    posts = [await town.post(author) for _ in range(2)]
    assert await listener.ids(2) == posts
    await listener.nothing(0.7)


async def test_posts_of_many_at_once_while_it_comes_and_goes(backend: Backend, town: Town, listen: Listen) -> None:
    """Redis is emptied of who watches meanwhile, and each time it goes on from the last cursor that it saw."""
    authors = [await town.person() for _ in range(6)]
    viewer = await follows(town, *authors)
    beginning = behind(viewer, await town.post(authors[0]))

    async def write(author: int) -> list[int]:
        made = []
        for number in range(12):
            async with backend.transaction(shard_of(author)) as transaction:
                post_id = await transaction.mint_id()
                await asyncio.sleep(0.003 * (number % 4))
                await transaction.session.execute(
                    insert(Post).values(id=post_id, author_id=author, kind="PHOTO", media=[])
                )
            made.append(post_id)
            await wake_watchers(backend, [viewer])
        return made

    writing = asyncio.gather(*map(write, authors))
    seen: list[int | None] = []
    cursor = beginning
    while len(seen) < 72:
        listener = listen(viewer, cursor, look_seconds=0.2)
        seen += await listener.ids(min(9, 72 - len(seen)))
        cursor = listener.cursor
        await listener.stop()
        await backend.redis.delete(watching.key_of(shard_of(viewer)))
        await asyncio.sleep(0.03)
    made = sorted(post for posts in await writing for post in posts)
    assert seen == made
    last = listen(viewer, cursor)
    await last.nothing()


async def test_what_may_not_be_shown_is_passed_over(backend: Backend, town: Town, listen: Listen) -> None:
    author, gone, muted = [await town.person() for _ in range(3)]
    viewer = await follows(town, author, gone, muted)
    first = await town.post(author)
    await town.post(gone)
    await town.post(muted)
    archived, shown = await town.post(author), await town.post(author)
    await town.set_state("ARCHIVED", archived)
    await town.set_follow(viewer, gone, follows=False, mirror=False)
    async with backend.transaction(shard_of(viewer)) as transaction:
        await transaction.session.execute(
            text(
                "INSERT INTO mutes (muter_id, muted_id, state, version, since) VALUES (:a, :b, 'MUTED', 1, clock_now())"
            ),
            {"a": viewer, "b": muted},
        )
    listener = listen(viewer, behind(viewer, first))
    assert await listener.next() == (shown, 1)
    await listener.nothing()
    await town.set_state("LIVE", archived)  # older than what was sent: it is in the feed, and not announced
    await listener.nothing()


async def test_many_at_once_are_counted_and_then_it_goes_on(town: Town, listen: Listen) -> None:
    author = await town.person()
    viewer = await follows(town, author)
    first = await town.post(author)
    exact = await town.posts(author, 100)
    listener = listen(viewer, behind(viewer, first))
    assert await listener.ids(100) == exact[::-1]
    await town.posts(author, 1)
    other = listen(viewer, behind(viewer, first))
    assert await other.next() == (None, 101)
    await other.nothing()
    post = await town.post(author)
    assert await other.next() == (post, 102)
    # Its cursor stood behind all of them.
    again = listen(viewer, other.cursor)
    await again.nothing()


async def test_of_very_many_a_thousand_are_counted(town: Town, listen: Listen) -> None:
    authors = [await town.person(shard=shard) for shard in (2, 3)]
    viewer = await follows(town, *authors)
    first = await town.post(authors[0])
    for author in authors:
        await town.posts(author, 700)
    listener = listen(viewer, behind(viewer, first))
    assert await listener.next() == (None, 1000)
    await listener.nothing()


async def test_of_many_that_may_not_be_shown_nothing_is_said(town: Town, listen: Listen) -> None:
    author = await town.person()
    viewer = await follows(town, author)
    first = await town.post(author)
    await town.posts(author, 150)
    await town.set_follow(viewer, author, follows=False, mirror=False)
    listener = listen(viewer, behind(viewer, first))
    await listener.nothing()
    own = await town.post(viewer)
    assert await listener.next() == (own, 1)


async def test_what_may_not_be_shown_does_not_make_many_of_few(backend: Backend, town: Town, listen: Listen) -> None:
    author, muted = await town.person(), await town.person()
    viewer = await follows(town, author, muted)
    first = await town.post(author)
    await town.posts(muted, 150)
    shown = [await town.post(author) for _ in range(2)]
    async with backend.transaction(shard_of(viewer)) as transaction:
        row = {"muter_id": viewer, "muted_id": muted, "state": "MUTED", "version": 1, "since": text("clock_now()")}
        await transaction.session.execute(insert(Mute).values(row))
    listener = listen(viewer, behind(viewer, first))
    assert [await listener.next() for _ in shown] == [(shown[0], 1), (shown[1], 2)]
    await listener.nothing()


@pytest.mark.parametrize("late", ["never", "before", "after", "dead"])
async def test_posts_of_followed_hashtags_come_whenever_their_pages_hear_of_them(
    backend: Backend, town: Town, listen: Listen, late: str
) -> None:
    tags = await hashtags_for(backend, [f"dusk{await town.person()}", f"dawn{await town.person()}"])
    one, other = tags.values()
    author, stranger = await town.person(), await town.person()
    viewer = await follows(town, author)
    await follow_tag(backend, viewer, one)
    listener = listen(viewer)
    await listener.nothing(0.1)
    post, event = await post_under(backend, stranger, one, other)
    if late == "before":
        await put_on_page(backend, one, post)
        await set_delivery(backend, event, "DONE")
    if late == "dead":
        await set_delivery(backend, event, "DEAD")
    unrelated, _ = await post_under(backend, stranger, other)
    followed, _ = await post_under(backend, author, one)
    assert await listener.ids(2) == [post, followed]
    assert unrelated not in (post, followed)
    if late == "after":
        await put_on_page(backend, one, post)
        await set_delivery(backend, event, "DONE")
        again = listen(viewer, behind(viewer, post - 1))
        assert await again.ids(2) == [post, followed]
    await listener.nothing()


async def test_a_node_that_does_not_answer_holds_it(
    backend: Backend, town: Town, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = [backend.shards.shards_on(node)[0] for node in range(2)]
    near, far = await town.person(shard=here), await town.person(shard=there)
    viewer = await town.person(shard=here)
    for author in (near, far):
        await town.set_follow(viewer, author)
    listener = listen(viewer)
    await listener.nothing(0.1)
    working = backend.shards._pools
    async with asyncpg.create_pool("postgresql://127.0.0.1:1/nowhere", min_size=0) as nowhere:
        with monkeypatch.context() as patched:
            patched.setattr(backend.shards, "_pools", [working[0], nowhere])
            await asyncio.sleep(0.1)
            posts = [await town.post(author) for author in (near, far, near)]
            await listener.nothing(0.5)
        assert await listener.ids(3) == posts
    await listener.nothing(0.1)


async def test_a_node_that_is_lost_before_the_proof_holds_it(
    backend: Backend, town: Town, listen: Listen, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = [backend.shards.shards_on(node)[0] for node in range(2)]
    near, far = await town.person(shard=here), await town.person(shard=there)
    viewer = await town.person(shard=here)
    for author in (near, far):
        await town.set_follow(viewer, author)
    first = await town.post(near)
    posts = [await town.post(author) for author in (near, far, near)]
    proven, working, falls = shown_of, backend.shards._pools, 2
    async with asyncpg.create_pool("postgresql://127.0.0.1:1/nowhere", min_size=0) as nowhere:

        async def without_the_other(*about: Any) -> Any:
            nonlocal falls
            if not falls:
                return await proven(*about)
            falls -= 1
            with monkeypatch.context() as patched:
                patched.setattr(backend.shards, "_pools", [working[0], nowhere])
                return await proven(*about)

        monkeypatch.setattr(stream, "shown_of", without_the_other)
        listener = listen(viewer, behind(viewer, first))
        assert [await listener.next() for _ in range(3)] == [(post, n) for n, post in enumerate(posts, start=1)]
        await listener.nothing(0.1)


async def test_statements_do_not_depend_on_how_much_was_missed(
    backend: Backend, town: Town, links: MediaLinks, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_pulled(backend)
    await pulled_authors(backend)  # known for a while, by all who ask
    authors = [await town.person(shard=shard) for shard in (2, 3)]
    viewer = await follows(town, *authors)
    first = await town.post(authors[0])
    [tag] = (await hashtags_for(backend, [f"noon{viewer}"])).values()
    nodes = backend.shards.node_count

    async def looked(after: int) -> tuple[int, int]:
        reader = backend.reader()
        walk = stream._Walk(backend, links, viewer, after)
        with monkeypatch.context() as patched:
            patched.setattr(Backend, "reader", lambda _self: reader)
            arrivals = await walk.look(was_woken=False)
        return len(arrivals), reader.statements

    async def settled() -> None:
        await asyncio.sleep(0.02)

    await settled()
    # The horizon and the posts on each node, and whom the viewer follows.
    assert await looked(first) == (0, nodes + 1 + nodes)
    for author in authors:
        await town.posts(author, 1)
    await settled()
    # And the marks, and the proof on each node.
    busy = nodes + 1 + nodes + 1 + nodes
    assert await looked(first) == (2, busy)
    for author in authors:
        await town.posts(author, 45)
    await settled()
    assert await looked(first) == (92, busy)
    for author in authors:
        await town.posts(author, 600)
    await settled()
    assert await looked(first) == (1, busy)
    assert await looked(0) == (1, busy)
    await follow_tag(backend, viewer, tag)
    # On each node what is not on its pages yet, and the page.
    assert await looked(first) == (1, busy + nodes + 1)


@pytest.mark.parametrize(
    "foreign",
    [
        lambda _me: "x",
        lambda _me: "",
        encode_cursor,
        lambda me: encode_cursor(7, me, 1),
        lambda me: cursor_of(me, 1),
        lambda me: behind(me + 1, 1),
        lambda me: behind(me, -1),
        lambda me: behind(me, me + (3_600_000 << 23)),
    ],
    ids=["text", "empty", "of-a-list", "of-nothing", "of-notifications", "of-someone-else", "below", "never-given-out"],
)
async def test_a_cursor_of_something_else_is_refused(
    backend: Backend, town: Town, live: Live, links: MediaLinks, foreign: Callable[[int], str]
) -> None:
    viewer = await town.person()
    arrivals = home_feed_stream(backend, live, links, viewer, foreign(viewer))
    with pytest.raises(RequestFault) as refused:
        await anext(arrivals)
    assert refused.value.code is RequestErrorCode.BAD_REQUEST
    assert live._channels == {}
    assert await backend.redis.zscore(watching.key_of(shard_of(viewer)), str(viewer)) is None


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not holds():
            await asyncio.sleep(0.01)
