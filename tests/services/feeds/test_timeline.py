import itertools
import random

import pytest
from redis.exceptions import OutOfMemoryError

from models.ids import MAX_ID
from services.feeds import timeline
from services.feeds.timeline import Stretch, Unbuilt
from tests.services.feeds.town import Town

_viewers = itertools.count(1 << 40)


@pytest.fixture
def viewer() -> int:
    return next(_viewers)


async def built(town: Town, viewer: int, floor: int, ids: list[int]) -> None:
    begun = await timeline.read(town.backend, viewer, MAX_ID, 10)
    assert isinstance(begun, Unbuilt)
    assert await timeline.finish(town.backend, viewer, begun.token, floor, ids)


async def whole(town: Town, viewer: int, below: int = MAX_ID) -> Stretch:
    found = await timeline.read(town.backend, viewer, below, 1000)
    assert isinstance(found, Stretch)
    return found


async def test_a_push_reaches_only_timelines_that_exist(small: Town, viewer: int) -> None:
    assert await timeline.push(small.backend, [viewer], 7) == 0
    assert await small.backend.redis.exists(timeline.key_of(viewer)) == 0


async def test_what_is_pushed_while_it_is_built_is_kept(small: Town, viewer: int) -> None:
    begun = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(begun, Unbuilt)
    assert await timeline.push(small.backend, [viewer], 40) == 1
    assert await timeline.read(small.backend, viewer, MAX_ID, 10) == begun
    assert await timeline.finish(small.backend, viewer, begun.token, 0, [30, 20])
    assert await whole(small, viewer) == Stretch([40, 30, 20], 0)


async def test_a_piece_tells_the_floor_only_where_it_came_down_to_it(small: Town, viewer: int) -> None:
    await built(small, viewer, 9, [30, 20, 10])
    assert await timeline.read(small.backend, viewer, MAX_ID, 3) == Stretch([30, 20, 10], None)
    assert await timeline.read(small.backend, viewer, MAX_ID, 4) == Stretch([30, 20, 10], 9)
    assert await timeline.read(small.backend, viewer, 20, 4) == Stretch([10], 9)
    assert await timeline.read(small.backend, viewer, 10, 4) == Stretch([], 9)
    assert await timeline.read(small.backend, viewer, 9, 4) == Stretch([], None)


async def test_a_full_one_drops_its_lowest_and_raises_its_floor(small: Town, viewer: int) -> None:
    await built(small, viewer, 0, [10, 20, 30, 40, 50, 60, 70, 80])
    assert await timeline.push(small.backend, [viewer], 90) == 1
    assert await whole(small, viewer) == Stretch([90, 80, 70, 60, 50, 40, 30, 20], 10)


async def test_a_late_push_from_below_the_floor_is_not_put_in(small: Town, viewer: int) -> None:
    await built(small, viewer, 10, [20])
    assert await timeline.push(small.backend, [viewer], 10) == 0
    assert await timeline.push(small.backend, [viewer], 9) == 0
    assert await whole(small, viewer) == Stretch([20], 10)
    assert await timeline.push(small.backend, [viewer], 11) == 1
    assert await whole(small, viewer) == Stretch([20, 11], 10)


async def test_a_push_twice_is_one(small: Town, viewer: int) -> None:
    await built(small, viewer, 0, [])
    assert [await timeline.push(small.backend, [viewer], 5) for _ in range(2)] == [1, 0]
    assert await whole(small, viewer) == Stretch([5], 0)


async def test_an_empty_timeline_is_one(small: Town, viewer: int) -> None:
    await built(small, viewer, 0, [])
    assert await whole(small, viewer) == Stretch([], 0)


async def test_a_build_cannot_finish_a_timeline_begun_after_it_was_lost(small: Town, viewer: int) -> None:
    old = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(old, Unbuilt)
    await small.backend.redis.delete(timeline.key_of(viewer))
    assert not await timeline.finish(small.backend, viewer, old.token, 0, [1])
    assert await small.backend.redis.exists(timeline.key_of(viewer)) == 0
    new = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(new, Unbuilt)
    assert new.token != old.token
    assert not await timeline.finish(small.backend, viewer, old.token, 0, [1])
    assert await timeline.read(small.backend, viewer, MAX_ID, 10) == new


async def test_a_build_cannot_finish_a_timeline_twice(small: Town, viewer: int) -> None:
    begun = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(begun, Unbuilt)
    assert await timeline.finish(small.backend, viewer, begun.token, 5, [10])
    assert not await timeline.finish(small.backend, viewer, begun.token, 0, [10, 3])
    assert await whole(small, viewer) == Stretch([10], 5)


async def test_what_was_pushed_from_below_the_floor_of_a_build_goes(small: Town, viewer: int) -> None:
    begun = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(begun, Unbuilt)
    await timeline.push(small.backend, [viewer], 4)
    assert await timeline.finish(small.backend, viewer, begun.token, 5, [10])
    assert await whole(small, viewer) == Stretch([10], 5)


async def test_an_abandoned_build_leaves_nothing(small: Town, viewer: int) -> None:
    begun = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(begun, Unbuilt)
    await timeline.abandon(small.backend, viewer, b"another!")
    assert await small.backend.redis.exists(timeline.key_of(viewer)) == 1
    await timeline.abandon(small.backend, viewer, begun.token)
    assert await small.backend.redis.exists(timeline.key_of(viewer)) == 0


@pytest.mark.parametrize(
    ("floor", "ids", "merged"),
    [
        (0, [25, 15, 5], Stretch([30, 25, 20, 15], 9)),  # the timeline's floor is the higher one
        (21, [25, 22], Stretch([30, 25, 22], 21)),  # the author's is
        (9, [12], Stretch([30, 20, 12], 9)),
        (0, [], Stretch([30, 20], 9)),
        (0, [*range(31, 39)], Stretch([*range(38, 30, -1)], 30)),  # more than it holds
    ],
)
async def test_an_authors_posts_are_merged_down_to_the_higher_floor(
    small: Town, viewer: int, floor: int, ids: list[int], merged: Stretch
) -> None:
    await built(small, viewer, 9, [30, 20])
    await timeline.merge(small.backend, viewer, floor, ids)
    assert await whole(small, viewer) == merged


async def test_merging_makes_no_timeline_and_gives_up_one_that_is_built(small: Town, viewer: int) -> None:
    await timeline.merge(small.backend, viewer, 0, [1])
    assert await small.backend.redis.exists(timeline.key_of(viewer)) == 0
    begun = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(begun, Unbuilt)
    await timeline.merge(small.backend, viewer, 0, [1])
    assert not await timeline.finish(small.backend, viewer, begun.token, 0, [])


async def test_taking_out(small: Town, viewer: int) -> None:
    await built(small, viewer, 0, [30, 20, 10])
    assert await timeline.take_out(small.backend, [viewer, viewer + 1], [30, 10, 5]) == 2
    assert await whole(small, viewer) == Stretch([20], 0)


async def test_a_timeline_of_an_earlier_life_of_redis_is_thrown_away(small: Town, viewer: int) -> None:
    await built(small, viewer, 0, [10])
    key = timeline.key_of(viewer)
    earlier = bytes(8) + b"an older" + bytes(8)
    await small.backend.redis.setrange(key, 0, earlier)
    await timeline.push(small.backend, [viewer], 11)
    assert isinstance(await timeline.read(small.backend, viewer, MAX_ID, 10), Unbuilt)


@pytest.mark.parametrize("post", [5, 10, 19])
async def test_what_looks_at_the_head_of_one_of_an_earlier_life_throws_it_away(
    small: Town, viewer: int, post: int
) -> None:
    """Below the last id, and over the length."""
    key = timeline.key_of(viewer)
    ids = b"".join(one.to_bytes(8, "big") for one in range(10, 10 + small.backend.settings.timeline_length))
    await small.backend.redis.set(key, bytes(8) + b"an older" + bytes(8) + ids)
    assert await timeline.push(small.backend, [viewer], post) == (1 if post > 17 else 0)
    assert await small.backend.redis.exists(key) == 0


async def test_it_lives_until_its_days_after_the_last_read(small: Town, viewer: int) -> None:
    redis, key = small.backend.redis, timeline.key_of(viewer)
    days = small.backend.settings.timeline_days
    await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert 0 < await redis.pttl(key) <= timeline.BUILD_SECONDS * 1000
    await redis.delete(key)
    await built(small, viewer, 0, [10])
    assert 0 <= days * 86_400_000 - await redis.pttl(key) < 60_000
    await redis.expire(key, 100)
    await timeline.push(small.backend, [viewer], 11)
    assert await redis.ttl(key) <= 100
    await whole(small, viewer)
    assert 0 <= days * 86_400_000 - await redis.pttl(key) < 60_000


async def test_thousands_at_once(town: Town, viewer: int) -> None:
    ids = [*range(5000, 0, -1)]
    await built(town, viewer, 0, ids)
    length = town.backend.settings.timeline_length
    kept = length - length // 16
    assert await whole(town, viewer) == Stretch(ids[:kept], ids[kept])
    assert await timeline.take_out(town.backend, [viewer], ids) == kept


async def test_scripts_that_redis_has_forgotten_are_sent_again(small: Town, viewer: int) -> None:
    await built(small, viewer, 0, [10])
    await small.backend.redis.script_flush()
    assert await timeline.push(small.backend, [viewer], 11) == 1
    await small.backend.redis.script_flush()
    assert await whole(small, viewer) == Stretch([11, 10], 0)


async def test_several_at_once_and_late_ones_come_to_their_places(small: Town, viewer: int) -> None:
    await built(small, viewer, 10, [40, 20])
    assert await timeline.push(small.backend, [viewer, viewer + 1], 50, 5, 30, 20, 60) == 3
    assert await whole(small, viewer) == Stretch([60, 50, 40, 30, 20], 10)
    assert await timeline.push(small.backend, [viewer], 11, 70) == 2
    assert await whole(small, viewer) == Stretch([70, 60, 50, 40, 30, 20, 11], 10)


@pytest.mark.parametrize("seed", range(4))
async def test_it_is_what_a_sorted_list_with_a_floor_is(small: Town, viewer: int, seed: int) -> None:
    """Ids that differ in any byte, with bytes that a locale or a C string would take for something else."""
    dice = random.Random(seed)
    pool = sorted({dice.getrandbits(63) >> dice.choice([0, 8, 16, 32, 48, 55]) for _ in range(60)} - {0})
    floor, held = 0, set[int]()
    await built(small, viewer, 0, [])
    for _ in range(150):
        chosen = dice.sample(pool, dice.choice([1, 1, 2, 3, 9]))
        if dice.random() < 0.3:
            assert await timeline.take_out(small.backend, [viewer], chosen) == len(held & {*chosen})
            held -= {*chosen}
        else:
            new = {one for one in chosen if one > floor} - held
            assert await timeline.push(small.backend, [viewer], *chosen) == len(new)
            held |= new
            if len(held) > 8:
                *gone, floor = sorted(held)[:-8]
                held -= {*gone, floor}
        below, count = dice.choice([MAX_ID, *pool]), dice.choice([1, 2, 5, 20])
        ids = sorted((one for one in held if one < below), reverse=True)
        found = await timeline.read(small.backend, viewer, below, count)
        assert found == Stretch(ids[:count], floor if len(ids) < count and floor < below else None)


async def test_a_server_that_is_full_says_so_and_can_still_be_read(small: Town, viewer: int) -> None:
    """As a fault that a job waits out (`workers/job.py`)."""
    redis = small.backend.redis
    await built(small, viewer, 0, [20, 10])
    limit = str((await redis.config_get("maxmemory"))["maxmemory"])
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(OutOfMemoryError):
            await timeline.push(small.backend, [viewer], 30)
        assert await whole(small, viewer) == Stretch([20, 10], 0)
    finally:
        await redis.config_set("maxmemory", limit)
    assert await timeline.push(small.backend, [viewer], 30) == 1
    assert await whole(small, viewer) == Stretch([30, 20, 10], 0)


async def test_a_build_that_may_have_read_what_is_taken_out_is_given_up(small: Town, viewer: int) -> None:
    begun = await timeline.read(small.backend, viewer, MAX_ID, 10)
    assert isinstance(begun, Unbuilt)
    await timeline.push(small.backend, [viewer], 40)
    assert await timeline.take_out(small.backend, [viewer], [20]) == 0
    assert not await timeline.finish(small.backend, viewer, begun.token, 0, [30, 20])
    await built(small, viewer, 0, [40, 30])
    assert await whole(small, viewer) == Stretch([40, 30], 0)
