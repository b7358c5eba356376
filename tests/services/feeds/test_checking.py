"""Timelines with planted faults of each kind, in a Redis of their own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import pytest
from redis.asyncio import Redis
from sqlalchemy import insert, text

from core.errors import ShardUnavailable
from core.settings import Settings
from models.ids import MAX_ID, TIME_SHIFT, shard_of
from models.tables import PulledInterval
from services.backend import Backend
from services.background import Background
from services.consequences import EventKind
from services.feeds import checking, timeline
from services.feeds.checking import Difference, check
from services.feeds.rebuilding import active_viewers, rebuild
from services.outbox import emit
from tests.services.feeds.town import Town

MINUTE = 60_000 << TIME_SHIFT


@pytest.fixture
async def town(backend: Backend, settings: Settings) -> AsyncIterator[Town]:
    url = settings.redis_url.rsplit("/", 1)[0] + "/10"
    async with Redis.from_url(url) as redis:
        await redis.flushdb()
        short = backend.settings.model_copy(update={"timeline_length": 20})
        own = replace(backend, redis=redis, settings=short, background=Background())
        yield Town(own)
        await own.background.settled()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "LOOK_AGAIN_SECONDS", 0.1)


async def put(town: Town, viewer: int, *posts: int) -> None:
    await timeline.push(town.backend, [viewer], *posts)


async def settled() -> None:
    """What was just posted is below the horizon."""
    await asyncio.sleep(0.01)


async def differences(town: Town, *viewers: int) -> list[Difference]:
    await settled()
    report = await check(town.backend, viewers)
    assert report.moving == []
    return report.differences


async def warm(town: Town, *authors: int, shard: int | None = None) -> int:
    """A viewer of these, with a timeline."""
    viewer = await town.person(shard)
    for author in authors:
        await town.set_follow(viewer, author)
    await town.warm(viewer)
    return viewer


async def test_nothing_differs_in_what_was_built_and_pushed(town: Town) -> None:
    near, far = [await town.person(shard=shard) for shard in (2, 3)]
    await town.posts(near, 5)
    await town.posts(far, 40)
    viewers = [await warm(town, near, far), await warm(town, near), await warm(town)]
    await timeline.push(town.backend, viewers[:2], await town.post(near))
    await put(town, viewers[2], await town.post(viewers[2]))
    await settled()
    done: list[tuple[int, int]] = []
    report = await check(town.backend, None, lambda *counts: done.append(counts))
    assert (report.checked, report.unready, report.differences, report.moving) == (3, 0, [], [])
    assert done == [(0, 3), (3, 3)]


async def test_each_kind_of_fault_is_found(town: Town) -> None:
    author, stranger = await town.person(), await town.person()
    kept, lost, gone, archived = await town.posts(author, 4)
    foreign = await town.post(stranger)
    viewer = await warm(town, author)
    unheard = await town.post(author)
    assert await differences(town, viewer) == [Difference(viewer, (unheard,), ())]
    await put(town, viewer, unheard)
    assert await differences(town, viewer) == []
    await timeline.take_out(town.backend, [viewer], [lost])
    await town.set_state("DELETED", gone)
    await town.set_state("ARCHIVED", archived)
    await put(town, viewer, foreign)
    surplus = tuple(sorted([gone, archived, foreign]))
    assert await differences(town, viewer) == [Difference(viewer, (lost,), surplus)]
    await town.set_follow(viewer, author, follows=False)
    own = await town.post(viewer)
    surplus = tuple(sorted([gone, archived, foreign, kept, unheard]))
    assert await differences(town, viewer) == [Difference(viewer, (own,), surplus)]


async def test_a_follow_that_only_its_mirror_knows_is_none(town: Town) -> None:
    author = await town.person()
    post = await town.post(author)
    viewer = await warm(town, author)
    await town.set_follow(viewer, author, follows=False, mirror=False)
    assert await differences(town, viewer) == [Difference(viewer, (), (post,))]


async def test_what_is_pulled_must_not_be_there_but_for_the_grace(town: Town) -> None:
    author = await town.person()
    viewer = await warm(town, author)
    before, graced, after, again = [(await town.post(author)) for _ in range(4)]
    # An interval that began a minute and a bit before `after`, as far as ids tell.
    async with town.backend.transaction(shard_of(author)) as transaction:
        await transaction.session.execute(text("DELETE FROM posts WHERE author_id = :author"), {"author": author})
        ids = (before - 3 * MINUTE, graced - 2 * MINUTE, after, again)
        since = ids[1] - 1024
        for post_id in ids:
            await transaction.session.execute(
                text("INSERT INTO posts (id, author_id, kind, media) VALUES (:id, :author, 'PHOTO', '[]')"),
                {"id": post_id, "author": author},
            )
        row = {"author_id": author, "since_id": since, "until_id": again}
        await transaction.session.execute(insert(PulledInterval).values(row))
    await put(town, viewer, ids[0], ids[3])
    assert await differences(town, viewer) == []
    await put(town, viewer, ids[1])
    assert await differences(town, viewer) == []
    await put(town, viewer, ids[2])
    assert await differences(town, viewer) == [Difference(viewer, (), (ids[2],))]
    await timeline.take_out(town.backend, [viewer], ids)
    assert await differences(town, viewer) == [Difference(viewer, (ids[0], ids[3]), ())]


async def test_ones_own_are_pushed_also_where_one_is_pulled(town: Town) -> None:
    author = await town.person()
    await town.open_interval(author)
    post = await town.post(author)
    await town.warm(author)
    await put(town, author, post)
    assert await differences(town, author) == []
    await timeline.take_out(town.backend, [author], [post])
    assert await differences(town, author) == [Difference(author, (post,), ())]


async def test_below_the_floor_nothing_is_asked(town: Town) -> None:
    author = await town.person()
    posts = await town.posts(author, 30)
    viewer = await warm(town, author)
    [whole] = (await timeline.wholes(town.backend, [viewer])).values()
    assert whole.floor >= posts[20]
    await town.set_state("DELETED", *posts[25:])
    assert await differences(town, viewer) == []
    await town.set_state("DELETED", posts[5])
    assert await differences(town, viewer) == [Difference(viewer, (), (posts[5],))]


async def test_what_jobs_have_still_to_do_is_told_apart(town: Town) -> None:
    author, left = await town.person(), await town.person()
    gone, stays = sorted(await town.posts(author, 2))
    left_posts = tuple(sorted(await town.posts(left, 2)))
    viewer = await warm(town, author, left)
    new, wrong = await town.post(author), await town.post(author)
    async with town.backend.transaction(shard_of(author)) as transaction:
        created = await emit(transaction, EventKind.POST_CREATED, {"author_id": author, "post_id": new})
        await emit(transaction, EventKind.POST_DELETED, {"author_id": author, "post_id": gone})
    await town.set_state("DELETED", gone)
    await town.set_follow(viewer, left, follows=False)
    async with town.backend.transaction(shard_of(left)) as transaction:
        await emit(transaction, EventKind.UNFOLLOWED, {"follower_id": viewer, "followed_id": left})
    await settled()
    report = await check(town.backend, [viewer])
    assert report.differences == [Difference(viewer, (wrong,), ())]
    assert report.moving[0] == Difference(viewer, (new,), (gone, *left_posts))
    async with town.backend.transaction(shard_of(author)) as transaction:
        done = "UPDATE deliveries SET state = :state WHERE event_id = :event AND handler = 'fan_out_post'"
        await transaction.session.execute(text(done), {"event": created, "state": "DEAD"})
    assert (await check(town.backend, [viewer])).differences == [Difference(viewer, (wrong,), ())]
    async with town.backend.transaction(shard_of(author)) as transaction:
        await transaction.session.execute(text(done), {"event": created, "state": "DONE"})
    assert (await check(town.backend, [viewer])).differences == [Difference(viewer, (new, wrong), ())]
    assert stays not in (new, wrong)


async def test_what_is_right_at_a_second_look_is_no_difference(town: Town) -> None:
    author = await town.person()
    viewer = await warm(town, author)
    first, second = await town.post(author), await town.post(author)
    await settled()

    async def late() -> None:
        await asyncio.sleep(0.05)
        await put(town, viewer, first)

    pushing = asyncio.create_task(late())
    report = await check(town.backend, [viewer])
    await pushing
    assert report.differences == [Difference(viewer, (second,), ())]


async def test_of_what_is_not_ready_nothing_is_said(town: Town) -> None:
    building, earlier, none, ready = [await town.person() for _ in range(4)]
    assert isinstance(await timeline.read(town.backend, building, MAX_ID, 1), timeline.Unbuilt)
    for viewer in (earlier, ready):
        await town.warm(viewer)
    stored = await town.backend.redis.get(timeline.key_of(earlier))
    assert isinstance(stored, bytes)
    await town.backend.redis.set(timeline.key_of(earlier), stored[:8] + b"anearly1" + stored[16:])
    for viewer in (building, earlier, none):
        await town.post(viewer)
    await settled()
    assert await timeline.viewers(town.backend) == sorted([building, earlier, ready])
    report = await check(town.backend)
    assert (report.checked, report.unready, report.differences) == (1, 2, [])
    report = await check(town.backend, [none, ready])
    assert (report.checked, report.unready) == (1, 1)


async def test_a_node_that_does_not_answer_is_said(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = await warm(town)
    async with asyncpg.create_pool("postgresql://127.0.0.1:1/nowhere", min_size=0) as nowhere:
        monkeypatch.setattr(town.backend.shards, "_pools", [town.backend.shards._pools[0], nowhere])
        with pytest.raises(ShardUnavailable):
            await check(town.backend, [viewer])


async def test_many_timelines_are_looked_at_in_few_statements(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    authors = [await town.person(shard=shard) for shard in (2, 3)]
    for author in authors:
        await town.posts(author, 10)
    viewers = [await warm(town, *authors, shard=number) for number in range(12)]
    await settled()

    async def statements(count: int) -> int:
        reader = town.backend.reader()
        with monkeypatch.context() as patched:
            patched.setattr(Backend, "reader", lambda _self: reader)
            assert (await check(town.backend, viewers[:count])).differences == []
        return reader.statements

    assert await statements(4) == await statements(12)
    nodes = town.backend.shards.node_count
    assert await statements(12) <= 3 * nodes + 3 * nodes


async def test_all_are_built_anew(town: Town) -> None:
    author, stranger = await town.person(), await town.person()
    posts = await town.posts(author, 3)
    viewers = [await warm(town, author) for _ in range(20)]
    foreign = await town.post(stranger)
    for viewer in viewers:
        await put(town, viewer, foreign)
        await timeline.take_out(town.backend, [viewer], posts[:1])
    assert len(await differences(town, *viewers)) == 20
    done: list[tuple[int, int]] = []
    assert await rebuild(town.backend, viewers, lambda *counts: done.append(counts)) == 20
    assert (done[0], done[-1]) == ((0, 20), (20, 20))
    assert await differences(town, *viewers) == []
    for viewer in viewers:
        assert (await timeline.wholes(town.backend, [viewer]))[viewer].ids == tuple(sorted(posts))


async def test_what_is_pulled_is_not_built(town: Town) -> None:
    author = await town.person()
    pushed = await town.post(author)
    viewer = await warm(town, author)
    async with town.backend.transaction(shard_of(author)) as transaction:
        row = {"author_id": author, "since_id": pushed - 2 * MINUTE, "until_id": pushed}
        await transaction.session.execute(insert(PulledInterval).values(row))
        long_ago = pushed - MINUTE // 2
        made = "INSERT INTO posts (id, author_id, kind, media) VALUES (:id, :author, 'PHOTO', '[]')"
        await transaction.session.execute(text(made), {"id": long_ago, "author": author})
    await put(town, viewer, long_ago)
    assert await differences(town, viewer) == [Difference(viewer, (), (long_ago,))]
    assert await rebuild(town.backend, [viewer], lambda _done, _all: None) == 1
    assert await differences(town, viewer) == []
    assert (await timeline.wholes(town.backend, [viewer]))[viewer].ids == (pushed,)


async def test_it_is_rebuilt_beside_pushes(town: Town) -> None:
    author = await town.person()
    await town.posts(author, 3)
    viewers = [await warm(town, author) for _ in range(8)]

    async def post() -> None:
        for _ in range(10):
            await timeline.push(town.backend, viewers, await town.post(author))

    posting = asyncio.create_task(post())
    while not posting.done():
        await rebuild(town.backend, viewers, lambda _done, _all: None)
    await posting
    assert await differences(town, *viewers) == []


async def test_who_is_interrupted_runs_it_again(town: Town) -> None:
    viewers = [await warm(town) for _ in range(30)]
    reached = asyncio.Event()
    running = asyncio.create_task(
        rebuild(town.backend, viewers, lambda done, _all: reached.set() if done > 5 else None)
    )
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    # What was not built is begun, or gone, or as it was: nothing is wrong.
    assert (await check(town.backend, viewers)).differences == []
    assert await rebuild(town.backend, viewers, lambda _done, _all: None) == 30


async def test_where_a_node_is_out_of_reach_nothing_is_built(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    here = town.backend.shards.shards_on(0)[0]
    far = await town.person(shard=town.backend.shards.shards_on(1)[0])
    viewer, alone = await town.person(shard=here), await town.person(shard=here)
    await town.set_follow(viewer, far)
    async with asyncpg.create_pool("postgresql://127.0.0.1:1/nowhere", min_size=0) as nowhere:
        monkeypatch.setattr(town.backend.shards, "_pools", [town.backend.shards._pools[0], nowhere])
        assert await rebuild(town.backend, [viewer, alone], lambda _done, _all: None) == 1
    assert list(await timeline.wholes(town.backend, [viewer, alone])) == [alone]


async def test_who_was_here_lately_is_active(town: Town) -> None:
    today, lately, long_ago, never, suspended = [await town.person() for _ in range(5)]
    days = town.backend.settings.timeline_days
    for user, ago, state in (
        (today, 0, "ACTIVE"), (lately, days, "ACTIVE"), (long_ago, days + 1, "ACTIVE"), (suspended, 0, "SUSPENDED"),
    ):  # fmt: skip
        async with town.backend.transaction(shard_of(user)) as transaction:
            seen = "UPDATE users SET state = :state, last_active_on = (clock_now() AT TIME ZONE 'UTC')::date - :ago"
            await transaction.session.execute(
                text(seen + " WHERE id = :user").bindparams(user=user, state=state, ago=ago)
            )
    found = set(await active_viewers(town.backend))
    assert found & {today, lately, long_ago, never, suspended} == {today, lately}
