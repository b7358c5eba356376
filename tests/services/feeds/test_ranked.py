import itertools
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, insert, text

from core import clock
from core.errors import RequestErrorCode, RequestFault
from models.ids import MAX_ID, shard_of
from models.tables import Block, Mute, SnapshotFeed
from services.background import Background
from services.feeds.fanout import fan_out_post
from services.feeds.follows import settle_follow
from services.feeds.ranking import making
from services.feeds.ranking.formula import posted_ms
from services.feeds.reasons import FeedReason
from services.feeds.snapshots import latest_snapshot
from services.pages import encode_cursor
from tests.services.feeds.ranking_town import (
    Told,
    count,
    ids_of,
    liked,
    old_post,
    page_of,
    score_of,
    walked,
    was_shown,
)
from tests.services.feeds.scene import Scene
from tests.services.feeds.town import Town

HOUR = 3_600_000


@pytest.fixture
async def few(town: Town) -> AsyncIterator[Town]:
    """Ranks 20 posts; timelines hold 8."""
    settings = town.backend.settings.model_copy(update={"ranked_candidates": 20, "timeline_length": 8})
    own = replace(town.backend, settings=settings, background=Background())
    yield Town(own)
    await own.background.settled()


async def lively(town: Town, each: int = 8) -> tuple[int, list[int], list[int]]:
    """A viewer, three followed on both nodes, and all posts that belong in the feed, newest first."""
    viewer = await town.person()
    authors = [await town.person(shards[0]) for shards in map(town.backend.shards.shards_on, (0, 1, 0))]
    for author in authors:
        await town.set_follow(viewer, author)
    return viewer, authors, [await town.post(author) for _ in range(each) for author in (*authors, viewer)][::-1]


async def snapshot_id(town: Town, viewer: int) -> int:
    latest = await latest_snapshot(town.backend.reader(), viewer, SnapshotFeed.HOME)
    assert latest is not None
    return latest.id


async def test_it_is_the_order_of_the_formula(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Computed a second time, with all that makes it up: counts, affinity, ages, kinds, quality, seen, ties, and that
    no author comes twice in a row."""
    now = clock.now_ms()
    monkeypatch.setattr(clock, "now_ms", lambda: now)
    viewer, ann, bob, cid = [await town.person() for _ in range(4)]
    for author in (ann, bob, cid):
        await town.set_follow(viewer, author)
    await liked(town, viewer, author=ann, times=4, kind="PHOTO")
    await liked(town, viewer, author=bob, times=4, kind="REEL", days=60)
    sharp: dict[str, Any] = {
        "id": 1,
        "width": 2160,
        "height": 540,
        "blurhash": None,
        "alt_text": None,
        "variants": [],
        "tags": [],
    }
    told: list[tuple[int, Told]] = []
    posts: list[tuple[int, float, dict[str, int], bool, dict[str, Any]]] = [
        (ann, 0.25, {}, False, {}),
        (ann, 0.5, {"LIKES": 40, "COMMENTS": 5}, False, {"media": [sharp]}),
        (ann, 13, {"LIKES": 10}, False, {}),
        (bob, 25, {"LIKES": 100, "SHARES": 10, "SAVES": 20}, False, {}),
        (bob, 0.75, {}, True, {}),
        (bob, 2, {}, False, {"kind": "REEL"}),
        (cid, 0.1, {"SAVES": 3}, True, {}),
        (cid, 49, {}, False, {}),
        (cid, 0.2, {}, False, {}),
        (cid, 0.3, {}, False, {}),  # as good as the one before: the higher id first, and that is the one before
    ]
    for number, (author, hours, counts, seen, values) in enumerate(posts):
        post_id = await old_post(town, author, now - int(hours * HOUR), number, **values)
        await count(town, post_id, counts)
        if seen:
            await was_shown(town, viewer, author, post_id)
        told.append((author, Told(post_id, (now - posted_ms(post_id)) / HOUR, counts, seen=seen)))

    rows = await town.backend.reader().on_shard_of(
        viewer, "SELECT author_id, extract(epoch FROM since)::float8 AS at FROM likes_given WHERE user_id = $1", viewer
    )
    done = {
        author: sum(
            0.5 ** (max(0.0, now / 1000 - row["at"]) / 86_400 / 30) for row in rows if row["author_id"] == author
        )
        for author in (ann, bob, cid)
    }
    for number, (author, post) in enumerate(told):
        post.affinity = done[author]
        post.kind_share = ((done[bob] if number == 5 else done[ann]) + 1) / (done[ann] + done[bob] + 4)
        post.quality = 0.5 if number == 1 else 0
    expected = {post.id: score_of(post) for _, post in told}

    edges = await walked(town.backend, viewer, 3)
    assert {edge.node.id: edge.score for edge in edges} == pytest.approx(expected, abs=1e-9, rel=0)
    best = sorted(told, key=lambda one: (expected[one[1].id], one[1].id), reverse=True)
    order: list[tuple[int, Told]] = []
    while best:  # none of the authors ever has more than half of what is left and did not go last
        last = order[-1][0] if order else None
        most = max(sum(one[0] == author for one in best) for author in (ann, bob, cid))
        assert 2 * most <= len(best) + 1
        wanted = next((one for one in best if sum(other[0] == one[0] for other in best) * 2 > len(best)), None)
        order.append(wanted or next(one for one in best if one[0] != last))
        best.remove(order[-1])
    assert [edge.node.id for edge in edges] == [post.id for _, post in order]
    authors = [edge.node.author.id for edge in edges]
    assert all(one != other for one, other in itertools.pairwise(authors))
    tied = [post.id for _, post in told[8:]]
    assert expected[tied[0]] == pytest.approx(expected[tied[1]], abs=1e-12)
    assert [post_id for post_id in (edge.node.id for edge in edges) if post_id in tied] == tied


@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("first", [1, 7, 20, 32, 100])
async def test_paged_to_its_end_it_is_the_candidates_once_each_and_then_the_older_by_time(
    few: Town, first: int, *, warm: bool
) -> None:
    viewer, authors, posts = await lively(few)
    if warm:
        await few.warm(viewer)
    edges = await walked(few.backend, viewer, first)
    shown = [edge.node.id for edge in edges]
    assert sorted(shown[:20], reverse=True) == posts[:20]
    assert shown[20:] == posts[20:]
    ranked, older = edges[:20], edges[20:]
    assert all(0 <= edge.score <= 1 for edge in ranked)
    assert [edge.score for edge in older] == [None] * 12
    reasons = {edge.node.author.id: edge.reason for edge in edges}
    assert reasons == {viewer: FeedReason.OWN} | dict.fromkeys(authors, FeedReason.FOLLOWING)
    for edge in (edges[0], edges[19], edges[20]):
        rest = await walked(few.backend, viewer, 100, edge.cursor)
        assert [one.node.id for one in rest] == shown[shown.index(edge.node.id) + 1 :]


async def test_a_page_tells_where_it_stands(few: Town) -> None:
    viewer, _, posts = await lively(few)
    page = await page_of(few.backend, viewer, 19)
    made = await snapshot_id(few, viewer)
    info = page.page_info
    assert (info.has_next_page, info.has_previous_page) == (True, False)
    assert (info.start_cursor, info.end_cursor) == (encode_cursor(made, 1), encode_cursor(made, 19))
    page = await page_of(few.backend, viewer, 1, info.end_cursor)  # nothing is left of the snapshot, but below it
    assert page.page_info.has_next_page
    page = await page_of(few.backend, viewer, 12, page.page_info.end_cursor)
    assert [edge.node.id for edge in page.edges] == posts[20:]
    info = page.page_info
    assert (info.has_next_page, info.has_previous_page, info.end_cursor) == (False, True, encode_cursor(posts[-1]))


async def test_an_empty_feed_is_an_empty_page(few: Town) -> None:
    viewer = await few.person()
    page = await page_of(few.backend, viewer)
    assert (list(page.edges), page.page_info.has_next_page, page.page_info.end_cursor) == ([], False, None)


async def test_what_nothing_has_changed_about_reads_the_same_twice(few: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer, authors, posts = await lively(few)
    before = await ids_of(few.backend, viewer, 7)
    made = await snapshot_id(few, viewer)
    await count(few, posts[3], {"LIKES": 1000})
    assert await ids_of(few.backend, viewer) == before
    assert await snapshot_id(few, viewer) == made
    await was_shown(few, viewer, authors[0], posts[0])
    assert await ids_of(few.backend, viewer) != before
    seen = await snapshot_id(few, viewer)
    assert seen > made
    monkeypatch.setattr(making, "FRESH", timedelta(0))
    assert (await ids_of(few.backend, viewer))[0] == posts[3]
    assert await snapshot_id(few, viewer) > seen


@pytest.fixture
async def flushed(few: Town) -> AsyncIterator[Town]:
    """With a database of Redis that no other test looks at."""
    redis = Redis.from_url(few.backend.settings.redis_url, db=9)
    town = Town(replace(few.backend, redis=redis, background=Background()))
    yield town
    await town.backend.background.settled()
    await redis.flushdb()
    await redis.aclose()


async def test_it_outlives_redis(flushed: Town) -> None:
    viewer, _, posts = await lively(flushed)
    await flushed.warm(viewer)
    before = await ids_of(flushed.backend, viewer, 6)
    page = await page_of(flushed.backend, viewer, 6)
    made = await snapshot_id(flushed, viewer)
    await flushed.backend.redis.flushdb()
    rest = await walked(flushed.backend, viewer, 6, page.page_info.end_cursor)
    assert [edge.node.id for edge in (*page.edges, *rest)] == before
    await flushed.backend.redis.flushdb()
    assert await ids_of(flushed.backend, viewer, 6) == before
    assert await snapshot_id(flushed, viewer) == made
    away = Redis.from_url("redis://127.0.0.1:1")
    without = replace(flushed.backend, redis=away, background=Background())
    assert await ids_of(without, viewer, 6) == before
    assert sorted(before, reverse=True) == posts
    await away.aclose()


async def test_what_is_new_is_in_the_next_walk_and_not_in_this_one(few: Town) -> None:
    viewer, authors, posts = await lively(few)
    page = await page_of(few.backend, viewer, 5)
    await few.backend.background.settled()
    new = await few.post(authors[0])
    await fan_out_post(few.job(author_id=authors[0], post_id=new))
    rest = await walked(few.backend, viewer, 5, page.page_info.end_cursor)
    assert sorted((edge.node.id for edge in (*page.edges, *rest)), reverse=True) == posts
    assert new in await ids_of(few.backend, viewer, 5)


async def mark(town: Town, table: type[Mute | Block], viewer: int, other: int) -> None:
    names = ("muter_id", "muted_id") if table is Mute else ("blocker_id", "blocked_id")
    row = dict(zip(names, (viewer, other), strict=True)) | {"state": "MUTED" if table is Mute else "BLOCKED"}
    async with town.backend.transaction(shard_of(viewer)) as transaction:
        await transaction.session.execute(insert(table).values(row | {"version": 1, "since": func.clock_now()}))


@pytest.mark.parametrize("how", ["mute", "block", "blocked", "unfollow", "suspended", "archived"])
async def test_who_is_not_to_be_seen_is_gone_at_once(few: Town, how: str) -> None:
    """In a walk that has begun, and in the next one, before any job has run."""
    viewer, authors, posts = await lively(few)
    await few.warm(viewer)
    page = await page_of(few.backend, viewer, 4)
    gone = {post_id for number, post_id in enumerate(reversed(posts)) if number % 4 == 0}
    match how:
        case "mute":
            await mark(few, Mute, viewer, authors[0])
        case "block":
            await mark(few, Block, viewer, authors[0])
        case "blocked":
            await mark(few, Block, authors[0], viewer)
        case "unfollow":
            await few.set_follow(viewer, authors[0], follows=False, mirror=False)
        case "suspended":
            async with few.backend.transaction(shard_of(authors[0])) as transaction:
                suspended = text("UPDATE users SET state = 'SUSPENDED' WHERE id = :id")
                await transaction.session.execute(suspended, {"id": authors[0]})
        case _:
            await few.set_state("ARCHIVED", *gone)
    shown = [edge.node.id for edge in page.edges]
    rest = [edge.node.id for edge in await walked(few.backend, viewer, 4, page.page_info.end_cursor)]
    assert not gone & set(rest)
    assert {*shown, *rest} | gone == set(posts)
    assert sorted(await ids_of(few.backend, viewer, 4), reverse=True) == [one for one in posts if one not in gone]


async def test_who_blocks_the_viewer_takes_no_place(few: Town) -> None:
    """So neither the order nor what stands behind each so many posts shows that something is hidden."""
    viewer, (author, *_), _ = await lively(few, each=2)
    blocking = await few.person()
    await few.posts(blocking, 3)
    await few.set_follow(viewer, blocking)
    await mark(few, Block, blocking, viewer)
    seen = await walked(few.backend, viewer, 4)
    [row] = await few.backend.reader().on_shard_of(
        viewer, "SELECT ids FROM feed_snapshots WHERE id = $1", await snapshot_id(few, viewer)
    )
    hidden = await few.backend.reader().on_shard_of(blocking, "SELECT id FROM posts WHERE author_id = $1", blocking)
    assert len(hidden) == 3
    assert not {one["id"] for one in hidden} & set(row["ids"])
    assert author in {edge.node.author.id for edge in seen}


async def test_who_is_followed_anew_is_there_at_once(few: Town) -> None:
    viewer, _, posts = await lively(few)
    await ids_of(few.backend, viewer)
    friend = await few.person()
    theirs = await few.posts(friend, 3)
    await few.set_follow(viewer, friend)
    await settle_follow(few.backend, viewer, friend)
    assert sorted(await ids_of(few.backend, viewer), reverse=True) == [*theirs, *posts]


async def test_a_page_is_filled_up_in_bounded_rounds(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    await town.set_follow(viewer, author)
    posts = await town.posts(author, 600)
    page = await page_of(town.backend, viewer, 2)
    await town.set_state("ARCHIVED", *posts[2:599])
    assert [edge.node.id for edge in page.edges] == posts[:2]
    page = await page_of(town.backend, viewer, 2, page.page_info.end_cursor)
    assert (list(page.edges), page.page_info.has_next_page) == ([], True)
    rest = await walked(town.backend, viewer, 2, page.page_info.end_cursor)
    assert [edge.node.id for edge in rest] == posts[599:]


async def test_a_cursor_of_something_else_is_refused(few: Town) -> None:
    viewer, _, _ = await lively(few)
    await page_of(few.backend, viewer)
    made, other = await snapshot_id(few, viewer), await few.person()
    for who, after in (
        (viewer, "nonsense"),
        (viewer, ""),
        (viewer, encode_cursor(1, 2, 3)),
        (viewer, encode_cursor(made, MAX_ID)),
        (viewer, encode_cursor(made, -1)),
        (viewer, encode_cursor(made + 1, 0)),
        (viewer, encode_cursor(MAX_ID, 0)),
        (other, encode_cursor(made, 0)),
    ):
        with pytest.raises(RequestFault) as raised:
            await page_of(few.backend, who, 5, after)
        assert raised.value.code is RequestErrorCode.BAD_REQUEST
    for first in (0, 101, -1):
        with pytest.raises(RequestFault) as raised:
            await page_of(few.backend, viewer, first)
        assert raised.value.code is RequestErrorCode.LIMIT_EXCEEDED


async def test_it_holds_what_plain_sql_says_for_the_same_reasons(town: Town) -> None:
    """With followed hashtags, pulled authors, mutes, blocks and private accounts; ranked above the floor, by time below
    it."""
    settings = town.backend.settings.model_copy(
        update={"ranked_candidates": 40, "timeline_length": 25, "suggest_below_follows": 0}
    )
    own = Town(replace(town.backend, settings=settings, background=Background(), kept={}))
    scene = await Scene.drawn(own, 11, viewers=3, authors=10, stars=4, posts=100)
    reasons: set[str] = set()
    for viewer in scene.viewers:
        expected = await scene.oracle(viewer)
        edges = await walked(own.backend, viewer, 7)
        shown = [(edge.node.id, edge.reason.value) for edge in edges]
        ranked = [item for item, edge in zip(shown, edges, strict=True) if edge.score is not None]
        assert shown[len(ranked) :] == expected[len(ranked) :]
        assert sorted(ranked, reverse=True) == expected[: len(ranked)]
        assert 20 < len(ranked) <= 40
        reasons |= {reason for _, reason in ranked}
    assert reasons == {"OWN", "FOLLOWING", "FOLLOWED_HASHTAG"}
    await own.backend.background.settled()
