import asyncio
import math
import random
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, insert

from core.errors import ShardUnavailable, UserErrorCode, UserFault
from models.global_ids import NodeKind
from models.ids import MAX_ID, shard_of
from models.tables import Block, FeedSurface
from services.backend import Backend
from services.feeds.impressions import MOST_AT_ONCE, NewImpression, record_impressions
from tests.posting import change, links, rows
from tests.services.feeds.town import Town
from tests.statements import counted

STORED = """
    SELECT subject_id, surface, position, dwell_ms, subject_kind, author_id, post_kind, watched_fraction, times
    FROM impressions WHERE viewer_id = $1 ORDER BY subject_id, surface, position, dwell_ms
"""


def of_post(post_id: int, **fields: Any) -> NewImpression:
    return replace(NewImpression(NodeKind.POST, post_id, FeedSurface.HOME, 0, 1500), **fields)


def of_person(user_id: int) -> NewImpression:
    return NewImpression(NodeKind.USER, user_id, FeedSurface.PROFILE, 0, 20)


async def tell(town: Town, viewer: int, *impressions: NewImpression) -> int:
    return await record_impressions(town.backend, links(town.backend), viewer, impressions)


async def stored(town: Town, viewer: int) -> list[tuple[Any, ...]]:
    return await rows(town.backend, viewer, STORED, viewer)


async def test_what_was_shown_is_kept_with_whose_it_is(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    post = await town.post(author)
    await change(town.backend, post, "UPDATE posts SET kind = 'REEL' WHERE id = :id", id=post)
    assert await tell(town, viewer) == 0
    reel = of_post(post, surface=FeedSurface.REELS, position=100_000, dwell_ms=3_600_000, watched_fraction=1.0)
    assert await tell(town, viewer, of_post(post, dwell_ms=0), of_person(author), reel) == 0
    assert await stored(town, viewer) == [
        (author, "PROFILE", 0, 20, "USER", author, None, None, 1),
        (post, "HOME", 0, 0, "POST", author, "REEL", None, 1),
        (post, "REELS", 100_000, 3_600_000, "POST", author, "REEL", 1.0, 1),
    ]


async def test_what_is_told_again_counts_once(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    batch = [of_post(post, position=place) for place, post in enumerate(await town.posts(author, 6))]
    await tell(town, viewer, *batch)
    once = await stored(town, viewer)
    assert [row[-1] for row in once] == [1] * 6
    await tell(town, viewer, *batch)
    await tell(town, viewer, *batch[3:], *batch[3:], of_person(author), of_person(author))
    assert await stored(town, viewer) == sorted([*once, (author, "PROFILE", 0, 20, "USER", author, None, None, 1)])
    longer = replace(batch[0], dwell_ms=1501)
    await tell(town, viewer, longer, longer)
    assert len(await stored(town, viewer)) == 8


async def test_what_is_told_at_once_counts_once(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    batch = [of_post(post, position=place) for place, post in enumerate(await town.posts(author, 50))]
    for _ in range(3):
        orders = [random.sample(batch, len(batch)) for _ in range(8)]
        halves = [random.sample(batch, len(batch) // 2) for _ in range(8)]
        await asyncio.gather(*(tell(town, viewer, *one) for one in (*orders, *halves)))
        found = await stored(town, viewer)
        assert [row[0] for row in found] == sorted(one.subject_id for one in batch)
        assert {row[-1] for row in found} == {1}
        await change(town.backend, viewer, "DELETE FROM impressions WHERE viewer_id = :id", id=viewer)


async def test_another_day_counts_again_and_is_the_day_from_which_it_is_kept(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    seen = of_post(await town.post(author))
    await tell(town, viewer, seen)
    moment = "SELECT times, clock_now() - recorded_at < interval '1 minute' FROM impressions WHERE viewer_id = $1"
    for hours, times, is_now in ((23, 1, False), (25, 2, True), (1, 2, False)):
        back = "UPDATE impressions SET recorded_at = clock_now() - make_interval(hours => :hours) WHERE viewer_id = :id"
        await change(town.backend, viewer, back, id=viewer, hours=hours)
        await tell(town, viewer, seen)
        assert await rows(town.backend, viewer, moment, viewer) == [(times, is_now)]


async def test_of_a_video_the_most_that_was_watched_is_kept(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    seen = of_post(await town.post(author))
    for told, kept in (
        ((None,), None), ((0.0,), 0.0), ((0.25, 0.5, None), 0.5), ((0.4,), 0.5), ((None,), 0.5), ((1.0, 0.1), 1.0),
    ):  # fmt: skip
        await tell(town, viewer, *(replace(seen, watched_fraction=fraction) for fraction in told))
        [row] = await stored(town, viewer)
        assert row[-2:] == (kept, 1)


async def test_what_may_not_be_seen_is_not_there_or_is_ones_own_is_passed_over(town: Town) -> None:
    viewer, author, private, blocking, gone = [await town.person(is_private=number == 2) for number in range(5)]
    shown, deleted = await town.posts(author, 2)
    hidden = [await town.post(private), await town.post(blocking), await town.post(gone), deleted]
    await town.set_state("DELETED", deleted)
    await change(town.backend, gone, "UPDATE users SET state = 'SUSPENDED' WHERE id = :id", id=gone)
    async with town.backend.transaction(shard_of(blocking)) as transaction:
        block = {"blocker_id": blocking, "blocked_id": viewer, "state": "BLOCKED", "version": 1}
        await transaction.session.execute(insert(Block).values(block | {"since": func.clock_now()}))
    nothing = [
        *map(of_post, (*hidden, 1 << 40, MAX_ID, author)),
        *map(of_person, (blocking, gone, 1 << 40, shown)),
        NewImpression(NodeKind.COMMENT, 77, FeedSurface.HOME, 0, 0),
    ]
    own = [of_post(await town.post(viewer)), of_person(viewer)]
    missed = len({one.subject_id for one in nothing} - {author, shown})
    assert await tell(town, viewer, *nothing, *own, of_person(author), of_post(shown)) == missed
    kept = [(author, "USER"), (shown, "POST")]
    assert [(row[0], row[4]) for row in await stored(town, viewer)] == kept
    assert await tell(town, viewer, of_person(private)) == 0
    assert [(row[0], row[4]) for row in await stored(town, viewer)] == sorted([*kept, (private, "USER")])


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("position", "position", -1),
        ("position", "position", 100_001),
        ("dwellMilliseconds", "dwell_ms", -1),
        ("dwellMilliseconds", "dwell_ms", 3_600_001),
        ("watchedFraction", "watched_fraction", -0.01),
        ("watchedFraction", "watched_fraction", 1.01),
        ("watchedFraction", "watched_fraction", math.nan),
        ("watchedFraction", "watched_fraction", math.inf),
    ],
)
async def test_out_of_bounds_nothing_is_kept(town: Town, name: str, field: str, value: Any) -> None:
    viewer, author = await town.person(), await town.person()
    good = of_post(await town.post(author))
    with pytest.raises(UserFault) as fault:
        await tell(town, viewer, good, of_person(author), replace(good, **{field: value}))
    assert (fault.value.code, fault.value.field) == (UserErrorCode.INVALID, ("impressions", "2", name))
    assert await stored(town, viewer) == []


async def test_a_hundred_are_taken_and_no_more(town: Town) -> None:
    viewer, author = await town.person(), await town.person()
    post = await town.post(author)
    many = [of_post(post, position=place) for place in range(MOST_AT_ONCE + 1)]
    with pytest.raises(UserFault) as fault:
        await tell(town, viewer, *many)
    assert (fault.value.code, fault.value.field) == (UserErrorCode.TOO_LONG, ("impressions",))
    assert await stored(town, viewer) == []
    await tell(town, viewer, *many[1:])
    assert len(await stored(town, viewer)) == MOST_AT_ONCE == 100


async def test_statements_do_not_depend_on_how_many_are_told(town: Town) -> None:
    shards = town.backend.shards
    viewer = await town.person(shards.shards_on(0)[0])
    authors = [await town.person(shards.shards_on(node)[1]) for node in (0, 1)]
    costs = []
    for count in (1, 25):
        posts = [post for author in authors for post in await town.posts(author, count)]
        people = [await town.person(shards.shards_on(node)[number % 9]) for node in (0, 1) for number in range(count)]
        async with counted(town.backend.settings) as spent:
            assert await tell(town, viewer, *map(of_post, posts), *map(of_person, people)) == 0
        assert len(await stored(town, viewer)) == 4 * count + (count > 1) * 4
        costs.append(spent.per_node)
    # Whom the viewer blocks, the posts, the people; and the shard that the transaction names, and what is kept.
    assert costs == [[5, 2], [5, 2]]


async def test_what_is_on_a_node_out_of_reach_can_be_told_again(town: Town, backend: Backend) -> None:
    shards = backend.shards
    viewer = await town.person(shards.shards_on(0)[0])
    posts = [await town.post(await town.person(shards.shards_on(node)[1])) for node in (0, 1)]
    urls = [backend.settings.database_urls[0], "postgresql://heliograph@127.0.0.1:1/heliograph"]
    half = await Backend.open(backend.settings.model_copy(update={"database_urls": urls}))
    for _ in range(2):
        with pytest.raises(ShardUnavailable):
            await tell(Town(half), viewer, *map(of_post, posts))
        assert [row[0] for row in await stored(town, viewer)] == posts[:1]
    await half.close()
    assert await tell(town, viewer, *map(of_post, posts)) == 0
    assert [(row[0], row[-1]) for row in await stored(town, viewer)] == sorted((post, 1) for post in posts)
