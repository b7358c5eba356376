"""The home feed in the order of time, beside what plain SQL says: item by item, with the reasons."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from core import clock
from models.ids import MAX_ID, shard_of
from models.tables import Post
from services.backend import Backend
from services.feeds import candidates, timeline
from services.feeds.follows import settle_follow
from services.feeds.pulled import TRUSTED_SECONDS, Pulled, pulled_authors
from services.feeds.timeline import Stretch
from services.hashtags import hashtags_for
from tests.services.feeds.scene import CROWD, Item, Scene
from tests.services.feeds.town import Town

REDIS = 13


@pytest.fixture
async def own(backend: Backend) -> AsyncIterator[Town]:
    """A town with a Redis database of its own, whose timelines hold 40 posts."""
    url = urlsplit(backend.settings.redis_url)._replace(path=f"/{REDIS}").geturl()
    few = backend.settings.model_copy(update={"redis_url": url, "timeline_length": 40, "fanout_chunk": 50})
    opened = await Backend.open(few)
    await opened.redis.flushdb()
    yield Town(opened)
    await opened.redis.flushdb()
    await opened.close()


async def equal_everywhere(scene: Scene) -> Counter[str]:
    """Cold, warm, in pages of several sizes. The reasons that were met."""
    reasons: Counter[str] = Counter()
    for number, viewer in enumerate(scene.viewers):
        expected = await scene.oracle(viewer)
        assert await scene.feed(viewer, first=(5, 7, 20, 50, 100)[number % 5]) == expected
        await scene.town.backend.background.settled()
        assert await scene.feed(viewer, first=(100, 20, 7, 5, 1)[number % 5]) == expected
        reasons.update(reason for _, reason in expected)
    return reasons


async def crossing_in_the_middle(scene: Scene) -> None:
    """Each walk goes by 9, and between its pages somebody crosses the line, this way or that, and posts; at some time
    the timeline is lost, and built again. What was there when it began is shown as it was."""
    for number, viewer in enumerate(scene.viewers):
        expected = await scene.oracle(viewer)
        items, after = await scene.page(viewer, 9, None)
        pages = 1
        while after is not None:
            if pages in (1, 3):
                await scene.cross(scene.stars[(number + pages) % len(scene.stars)])
            if pages == 2:
                await scene.town.backend.redis.delete(timeline.key_of(viewer))
            more, after = await scene.page(viewer, 9, after)
            await scene.town.backend.background.settled()
            items, pages = items + more, pages + 1
        assert pages > 4
        assert items == expected
        assert await scene.feed(viewer) == await scene.oracle(viewer)


async def paging_beside_writers(scene: Scene, *, created: int, deleted: int, blocked: int) -> str:
    """0 twice, 0 missing of what was there at the start and to be seen throughout."""
    viewers, dice = scene.viewers, scene.dice
    before = {viewer: await scene.oracle(viewer) for viewer in viewers}
    deeds = ["create"] * created + ["delete"] * deleted + ["block"] * blocked + ["cross"] * 4
    dice.shuffle(deeds)
    walks: dict[int, list[list[Item]]] = {viewer: [] for viewer in viewers}
    is_over, turns = asyncio.Event(), asyncio.Semaphore(4)

    async def walk(viewer: int) -> None:
        while not is_over.is_set() or not walks[viewer]:
            async with turns:  # else nobody comes to write
                walks[viewer].append(await scene.feed(viewer, first=20))

    async def write() -> None:
        for deed in deeds:
            if deed == "create":
                await scene.post(dice.choice([*scene.authors, *scene.stars, *viewers]))
            elif deed == "delete":
                await scene.delete(dice.choice([*scene.posts]), is_late=dice.random() < 0.3)
            elif deed == "block":
                pair = dice.choice(viewers), dice.choice([*scene.authors, *scene.stars])
                await scene.block(*dice.choice([pair, pair[::-1]]))
            else:
                await scene.cross(dice.choice(scene.stars))
        is_over.set()

    await asyncio.gather(write(), *map(walk, viewers))
    twice = missing = 0
    for viewer in viewers:
        throughout = {post_id for post_id, _ in before[viewer]} & {post_id for post_id, _ in await scene.oracle(viewer)}
        assert throughout
        for items in walks[viewer]:
            ids = [post_id for post_id, _ in items]
            assert ids == sorted(ids, reverse=True)
            twice += len(ids) - len(set(ids))
            missing += len(throughout - set(ids))
    assert (twice, missing) == (0, 0)
    await equal_everywhere(scene)
    return f"{sum(map(len, walks.values()))} walks, {twice} twice, {missing} missing"


async def flushed_in_a_load(scene: Scene, rounds: int) -> str:
    """Nobody notices."""
    redis, viewers = scene.town.backend.redis, scene.viewers
    for viewer in viewers:
        await scene.town.warm(viewer)
    before = {viewer: await scene.feed(viewer) for viewer in viewers}
    assert before == {viewer: await scene.oracle(viewer) for viewer in viewers}
    flushed = asyncio.Event()
    walks = 0

    async def read(viewer: int) -> None:
        nonlocal walks
        for number in range(rounds):
            if number == rounds // 2:
                flushed.set()
            assert await scene.feed(viewer, first=10) == before[viewer]
            walks += 1

    async def flush() -> float:
        await flushed.wait()
        await redis.flushdb()
        began = time.perf_counter()
        cold = set(viewers)
        while cold:
            for viewer in list(cold):
                if isinstance(await timeline.read(scene.town.backend, viewer, MAX_ID, 1), Stretch):
                    cold.discard(viewer)
            await asyncio.sleep(0.01)
        return time.perf_counter() - began

    warm_after, *_ = await asyncio.gather(flush(), *map(read, viewers))
    assert {viewer: await scene.feed(viewer) for viewer in viewers} == before
    return f"{walks} walks of {len(viewers)} viewers, 0 errors; all warm again {warm_after:.2f} s after the flush"


async def small_scene(town: Town, seed: int) -> Scene:
    return await Scene.drawn(town, seed, viewers=5, authors=10, stars=6, posts=110)


@pytest.mark.timeout(180)
async def test_paged_to_its_end_it_is_what_plain_sql_says(own: Town) -> None:
    scene = await small_scene(own, 1)
    reasons = await equal_everywhere(scene)
    assert reasons.keys() == {"OWN", "FOLLOWING", "FOLLOWED_HASHTAG"}
    await crossing_in_the_middle(scene)


@pytest.mark.timeout(180)
async def test_it_has_no_gap_and_nothing_twice_beside_writers(own: Town) -> None:
    print(await paging_beside_writers(await small_scene(own, 2), created=30, deleted=12, blocked=5))  # noqa: T201


@pytest.mark.timeout(180)
async def test_redis_may_be_flushed_in_the_middle_of_a_read_load(own: Town) -> None:
    print(await flushed_in_a_load(await small_scene(own, 3), rounds=3))  # noqa: T201


async def starry(own: Town) -> tuple[Scene, int, int]:
    """A viewer who follows somebody with a post before being pulled; from now on that one is."""
    scene = Scene(own, random.Random(0), [])
    viewer, star = await own.person(), await own.person()
    await own.set_follow(viewer, star)
    await scene.post(star)
    await scene.cross(star)
    return scene, viewer, star


async def in_redis(own: Town, viewer: int) -> list[int]:
    found = await timeline.read(own.backend, viewer, MAX_ID, 100)
    assert isinstance(found, Stretch)
    return found.ids


async def test_own_posts_of_who_is_pulled_are_in_the_own_timeline(own: Town) -> None:
    scene, _, star = await starry(own)
    await scene.post(star)
    posts = [post_id for post_id, _ in await scene.oracle(star)]
    assert len(posts) == 3
    await own.warm(star)
    assert await in_redis(own, star) == posts
    late = await scene.post(star)
    assert await in_redis(own, star) == [late, *posts]
    assert await scene.feed(star) == [(post, "OWN") for post in (late, *posts)]


async def test_what_is_pulled_is_in_no_timeline_and_in_every_feed(own: Town) -> None:
    scene, viewer, star = await starry(own)
    pulled = [await scene.post(star) for _ in range(3)]
    pulled.append(await scene.cross(star))
    pushed = await scene.post(star)
    expected = await scene.oracle(viewer)
    assert len(expected) == 7
    await own.warm(viewer)
    in_timeline = [post_id for post_id, _ in expected if post_id not in pulled]
    assert len(in_timeline) == 3
    assert in_timeline[0] == pushed
    assert await in_redis(own, viewer) == in_timeline
    assert await scene.feed(viewer, first=2) == expected
    other = await own.person()
    await own.warm(other)
    await own.set_follow(other, star)
    await settle_follow(own.backend, other, star)
    assert await in_redis(own, other) == in_timeline
    assert await scene.feed(other, first=2) == expected


async def test_who_has_not_heard_of_an_interval_lacks_nothing_in_its_first_minute(own: Town) -> None:
    scene, viewer, star = await starry(own)
    await scene.cross(star)
    await own.warm(viewer)
    await pulled_authors(own.backend)
    await scene.count(star, CROWD)
    posts = [await scene.post(star) for _ in range(3)]
    assert star in await scene.pulled()
    assert posts[-1] not in {one.since_id for one in (await pulled_authors(own.backend)).of([star])}
    assert await scene.feed(viewer, first=2) == await scene.oracle(viewer)
    # Nor where the timeline is built in that minute.
    await own.backend.redis.flushdb()
    await own.warm(viewer)
    assert posts[::-1] == (await in_redis(own, viewer))[:3]
    assert await scene.feed(viewer, first=2) == await scene.oracle(viewer)


async def test_who_was_stopped_for_a_minute_in_the_middle_of_a_page_looks_into_no_timeline(
    own: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it knew is older than the grace when it comes to itself, with what the timeline says now in its hands."""
    scene, viewer, star = await starry(own)
    await scene.cross(star)
    await own.warm(viewer)
    heard = await pulled_authors(own.backend)
    await scene.cross(star)
    post = await scene.post(star)
    assert post not in await in_redis(own, viewer)

    async def old(_: Backend) -> Pulled:
        return Pulled(heard.intervals, clock.monotonic() - TRUSTED_SECONDS)

    monkeypatch.setattr(candidates, "pulled_authors", old)
    assert await scene.feed(viewer, first=2) == await scene.oracle(viewer)


async def test_a_page_of_a_hashtag_that_is_late_shows_nothing_that_the_truth_does_not(own: Town) -> None:
    viewer, author = await own.person(), await own.person()
    [hashtag] = (await hashtags_for(own.backend, ["latepage"])).values()
    scene = Scene(own, random.Random(0), [hashtag])
    await scene.follow_hashtag(viewer, hashtag)
    scene.dice = random.Random(3)
    posts = [await scene.post(author) for _ in range(12)]
    tagged = await scene.oracle(viewer)
    assert 2 < len(tagged) < len(posts)
    assert await scene.feed(viewer, first=3) == tagged
    await scene.delete(tagged[0][0], is_late=True)
    async with own.backend.transaction(shard_of(author)) as transaction:
        await transaction.session.execute(update(Post).where(Post.id == tagged[1][0]).values(hashtags=[]))
    assert await scene.feed(viewer, first=3) == tagged[2:] == await scene.oracle(viewer)
    await own.set_follow(viewer, author)
    assert {reason for _, reason in await scene.feed(viewer)} == {"FOLLOWING"}


@pytest.mark.drill
@pytest.mark.timeout(1800)
async def test_paged_to_its_end_it_is_what_plain_sql_says_for_fifty(own: Town) -> None:
    scene = await Scene.drawn(own, 10, viewers=50, authors=60, stars=20, posts=1500)
    print(await equal_everywhere(scene))  # noqa: T201  a drill tells what it found
    await crossing_in_the_middle(scene)


@pytest.mark.drill
@pytest.mark.timeout(1800)
async def test_it_has_no_gap_and_nothing_twice_beside_a_thousand_writes(own: Town) -> None:
    scene = await Scene.drawn(own, 11, viewers=50, authors=60, stars=20, posts=800)
    print(await paging_beside_writers(scene, created=1000, deleted=300, blocked=100))  # noqa: T201


@pytest.mark.drill
@pytest.mark.timeout(1800)
async def test_redis_may_be_flushed_in_the_middle_of_a_load_of_fifty(own: Town) -> None:
    scene = await Scene.drawn(own, 12, viewers=50, authors=60, stars=20, posts=800)
    print(await flushed_in_a_load(scene, rounds=6))  # noqa: T201
