import asyncio
import math
from datetime import timedelta

import pytest

from core import clock
from core.errors import RequestErrorCode, RequestFault
from models.ids import floor_of
from services.backend import Backend
from services.discovery import tops as module
from services.discovery.listed import HASHTAGS, posts_on_pages
from services.discovery.tops import score
from services.feeds.ranking.scorer import PostFeatures
from services.marks import NOBODY
from tests.factories import make_user
from tests.posting import change, links, make_post
from tests.services.discovery.town import TOP, hashtag_id, liked, new_name, page, shown, tops, walked

AGE = "UPDATE page_tops SET created_at = created_at - CAST(:age AS interval) WHERE page_id = :id"


def test_the_score() -> None:
    now_ms = clock.now_ms()
    posted = floor_of(now_ms - int(25.0 * 3_600_000))
    post = PostFeatures(posted, 1, "PHOTO", likes=30, comments=10, shares=4, saves=6, quality=0.7)
    done = 30 + 2 * 10 + 3 * 4 + 3 * 6  # 80
    engagement = (done / (done + 50) + (done / 25) / (done / 25 + 10)) / 2
    assert math.isclose(score(post, now_ms), 0.40 * engagement + 0.20 * 0.5, abs_tol=1e-6)
    fresh = PostFeatures(floor_of(now_ms - 60_000), 1, "PHOTO", likes=0, comments=0, shares=0, saves=0, quality=1)
    assert score(fresh, now_ms) == pytest.approx(0.20, abs=1e-9)


async def test_it_is_made_once_a_minute_and_is_the_same_for_all(backend: Backend) -> None:
    viewer, author, name = await make_user(backend), await make_user(backend), new_name()
    one, two = [await make_post(backend, author, caption=f"#{name}") for _ in range(2)]
    number = await hashtag_id(backend, name)
    assert await shown(backend, number, TOP) == [two, one]
    [made] = await tops(backend, number)
    assert made[1:] == ([two, one], 0)
    three = await make_post(backend, author, caption=f"#{name}")
    async with liked(backend, {one: 20}):
        assert await shown(backend, number, TOP, viewer_id=viewer.id) == [two, one]
        assert await tops(backend, number) == [made]
        await change(backend, number, AGE, id=number, age=timedelta(seconds=61))
        assert await shown(backend, number, TOP) == [one, three, two]
        assert [top[1] for top in await tops(backend, number)] == [[two, one], [one, three, two]]
        # What comes out the same is the same one, and young again.
        await change(backend, number, AGE, id=number, age=timedelta(seconds=61))
        before = await tops(backend, number)
        for _ in range(2):
            assert await shown(backend, number, TOP) == [one, three, two]
        assert await tops(backend, number) == before
    young = await backend.reader().on_shard_of(
        number, "SELECT 1 FROM page_tops WHERE page_id = $1 AND created_at > $2", number,
        clock.now() - timedelta(seconds=60),
    )  # fmt: skip
    assert len(young) == 1


async def test_many_who_come_at_once(backend: Backend) -> None:
    author, names = await make_user(backend), [new_name() for _ in range(12)]
    caption = " ".join(f"#{name}" for name in names)
    made = [await make_post(backend, author, caption=caption) for _ in range(3)]
    numbers = [await hashtag_id(backend, name) for name in names]

    async def ask() -> list[list[int]]:
        found = await posts_on_pages(
            backend, backend.reader(), links(backend), NOBODY, numbers,
            kind=HASHTAGS, order=TOP, first=5, after=None,
        )  # fmt: skip
        return [[post.id for post in answer.nodes] for answer in found.values() if not isinstance(answer, Exception)]

    for _ in range(2):  # all made, then all touched
        for answer in await asyncio.gather(*(ask() for _ in range(8))):
            assert answer == [made[::-1]] * 12
        for number in numbers:
            await change(backend, number, AGE, id=number, age=timedelta(seconds=61))


async def test_below_its_floor_it_goes_on_by_time(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LENGTH", 3)
    author, name = await make_user(backend), new_name()
    made = [await make_post(backend, author, caption=f"#{name}") for _ in range(7)]
    async with liked(backend, {made[4]: 30, made[0]: 90}):
        number = await hashtag_id(backend, name)
        expected = [made[4], made[6], made[5], made[3], made[2], made[1], made[0]]
        for first in (1, 2, 3, 4, 7, 20):
            found = await walked(backend, number, TOP, first=first)
            assert [post for some in found for post in some] == expected
            assert len(found) == math.ceil(7 / first)
        [(_, ids, floor)] = await tops(backend, number)
        assert (ids, floor) == ([made[4], made[6], made[5]], made[4])


async def test_whoever_asks_for_many_pages_gets_short_tops(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LENGTH", 4)
    monkeypatch.setattr(module, "RANKED_AT_ONCE", 4)
    monkeypatch.setattr(module, "SHORTEST", 1)
    author, names = await make_user(backend), [new_name(), new_name()]
    caption = f"#{names[0]} #{names[1]}"
    made = [await make_post(backend, author, caption=caption) for _ in range(5)]
    numbers = [await hashtag_id(backend, name) for name in names]
    await posts_on_pages(
        backend, backend.reader(), links(backend), NOBODY, numbers, kind=HASHTAGS, order=TOP, first=5, after=None
    )
    for number in numbers:
        assert [top[1] for top in await tops(backend, number)] == [[made[4], made[3]]]
    async with liked(backend, {made[1]: 9}):
        # For one page alone it is made anew, at its full length, and that one is good for all.
        assert await shown(backend, numbers[0], TOP) == [made[1], made[4], made[3], made[2], made[0]]
        assert len(await tops(backend, numbers[0])) == 2
        found = await posts_on_pages(
            backend, backend.reader(), links(backend), NOBODY, numbers, kind=HASHTAGS, order=TOP, first=1, after=None
        )
    best = [answer.nodes[0].id for answer in found.values() if not isinstance(answer, Exception)]
    assert best == [made[1], made[4]]


async def test_a_cursor_goes_on_in_the_order_that_it_began_in(backend: Backend) -> None:
    author, name = await make_user(backend), new_name()
    made = [await make_post(backend, author, caption=f"#{name}") for _ in range(4)]
    number = await hashtag_id(backend, name)
    begun = await page(backend, number, TOP, first=2)
    async with liked(backend, {made[0]: 50}):
        await change(backend, number, AGE, id=number, age=timedelta(minutes=2))
        assert await shown(backend, number, TOP) == [made[0], made[3], made[2], made[1]]
        rest = await page(backend, number, TOP, first=2, after=begun.page_info.end_cursor)
    assert [post.id for post in (*begun.nodes, *rest.nodes)] == made[::-1]


async def test_one_that_is_no_longer_kept(backend: Backend) -> None:
    author, names = await make_user(backend), [new_name(), new_name()]
    for _ in range(3):
        await make_post(backend, author, caption=f"#{names[0]} #{names[1]}")
    one, other = [await hashtag_id(backend, name) for name in names]
    cursor = (await page(backend, one, TOP, first=1)).page_info.end_cursor
    found = await posts_on_pages(
        backend, backend.reader(), links(backend), NOBODY, [one, other],
        kind=HASHTAGS, order=TOP, first=1, after=cursor,
    )  # fmt: skip
    # It belongs to one of them; the field of the other fails alone.
    assert not isinstance(found[one], Exception)
    assert isinstance(found[other], RequestFault)
    await change(backend, one, "DELETE FROM page_tops WHERE page_id = :id", id=one)
    with pytest.raises(RequestFault) as raised:
        await page(backend, one, TOP, first=1, after=cursor)
    assert raised.value.code is RequestErrorCode.BAD_REQUEST
