"""Blocking in two steps: what every step leaves, and late, doubled and disordered jobs."""

import asyncio

import pytest

from core.errors import ShardUnavailable, UserErrorCode, UserFault
from models.ids import shard_of
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.relationships import blocks, limits
from services.relationships.blocks import block, repair_block, settle_block, unblock
from services.relationships.follow import follow, unfollow
from tests.factories import Person, make_user
from tests.posting import (
    change,
    count_of,
    end_block,
    events_about,
    fingerprint,
    job_of,
    links,
    make_block,
    make_follow,
    rows,
    set_user_state,
)
from tests.recount import differences

FOLLOW = "SELECT state FROM follows WHERE followed_id = $1 AND follower_id = $2"
MIRROR = "SELECT state FROM following WHERE followed_id = $1 AND follower_id = $2"
BLOCK = "SELECT state, version FROM blocks WHERE blocker_id = $1 AND blocked_id = $2"
RECEIVED = "SELECT state, version FROM blocks_received WHERE blocker_id = $1 AND blocked_id = $2"


class Died(Exception):
    """As if the process had ended there."""


def die_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def crash(name: str) -> None:
        if name == point:
            raise Died

    monkeypatch.setattr("services.backend.crash_point", crash)
    monkeypatch.setattr(blocks, "crash_point", crash)


async def follows(backend: Backend, follower: Person, followed: Person) -> list[object]:
    """Truth and mirror."""
    pair = (followed.id, follower.id)
    found = [*await rows(backend, followed.id, FOLLOW, *pair), *await rows(backend, follower.id, MIRROR, *pair)]
    return [state for (state,) in found]


async def stands(backend: Backend, blocker: Person, blocked: Person) -> list[object]:
    """Truth and mirror of the block."""
    pair = (blocker.id, blocked.id)
    return [*await rows(backend, blocker.id, BLOCK, *pair), *await rows(backend, blocked.id, RECEIVED, *pair)]


async def befriended(backend: Backend, a: Person, b: Person) -> None:
    await change(
        backend,
        a.id,
        "INSERT INTO close_friends (user_id, friend_id, state, version, since)"
        " VALUES (:a, :b, 'CLOSE', 1, clock_now())",
        a=a.id,
        b=b.id,
    )


async def close_friends(backend: Backend, person: Person) -> list[tuple[object, ...]]:
    sql = "SELECT friend_id FROM close_friends WHERE user_id = $1 AND state = 'CLOSE'"
    return await rows(backend, person.id, sql, person.id)


async def a_pair(backend: Backend) -> tuple[Person, Person]:
    """Two who follow each other and are close friends, on shards of their own."""
    a, b = await make_user(backend), await make_user(backend)
    while shard_of(a.id) == shard_of(b.id):
        b = await make_user(backend)
    for one, other in ((a, b), (b, a)):
        await make_follow(backend, one, other)
        await befriended(backend, one, other)
    return a, b


async def nothing_between(backend: Backend, a: Person, b: Person) -> None:
    for one, other in ((a, b), (b, a)):
        assert await follows(backend, one, other) == ["GONE", "GONE"]
        assert await close_friends(backend, one) == []
        assert await count_of(backend, one.id, Counter.FOLLOWERS) == 0
        assert await count_of(backend, one.id, Counter.FOLLOWING) == 0


def told(a: Person, b: Person, version: int) -> dict[str, int]:
    return {"blocker_id": a.id, "blocked_id": b.id, "version": version}


async def test_a_block_ends_what_they_are_to_each_other(backend: Backend) -> None:
    a, b = await a_pair(backend)
    await make_block(backend, a, b)
    assert await stands(backend, a, b) == [("BLOCKED", 1), ("BLOCKED", 1)]
    await nothing_between(backend, a, b)
    for one, other in ((a, b), (b, a)):
        ended = {"follower_id": one.id, "followed_id": other.id, "version": 2, "state": "GONE"}
        assert await events_about(backend, other.id, EventKind.UNFOLLOWED, follower_id=one.id) == [ended]
    assert await events_about(backend, a.id, EventKind.BLOCKED, blocked_id=b.id) == [told(a, b, 1)]
    before = await fingerprint(backend)
    await make_block(backend, a, b)
    assert await fingerprint(backend) == before
    assert await stands(backend, a, b) == [("BLOCKED", 1), ("BLOCKED", 1)]


async def test_an_unblock_brings_nothing_back(backend: Backend) -> None:
    a, b = await a_pair(backend)
    await make_block(backend, a, b)
    await end_block(backend, a, b)
    assert await stands(backend, a, b) == [("GONE", 2), ("GONE", 2)]
    assert await events_about(backend, a.id, EventKind.UNBLOCKED, blocked_id=b.id) == [told(a, b, 2)]
    await nothing_between(backend, a, b)
    before = await fingerprint(backend)
    await end_block(backend, a, b)
    assert await fingerprint(backend) == before
    await make_follow(backend, a, b)
    assert await follows(backend, a, b) == ["ACCEPTED", "ACCEPTED"]


async def test_requests_end_too(backend: Backend) -> None:
    a, b = await make_user(backend, is_private=True), await make_user(backend, is_private=True)
    await make_follow(backend, a, b)
    await make_follow(backend, b, a)
    await make_block(backend, a, b)
    assert [await follows(backend, a, b), await follows(backend, b, a)] == [["GONE", "GONE"]] * 2


async def test_neither_can_follow_the_other(backend: Backend) -> None:
    a, b = await a_pair(backend)
    await make_block(backend, a, b)
    before = await fingerprint(backend)
    for one, other in ((a, b), (b, a)):
        with pytest.raises(UserFault) as raised:
            await make_follow(backend, one, other)
        assert (raised.value.code, raised.value.field) == (UserErrorCode.NOT_FOUND, ("userId",))
    assert await fingerprint(backend) == before


async def test_whom_one_cannot_block(backend: Backend) -> None:
    a, gone, by = [await make_user(backend) for _ in range(3)]
    await set_user_state(backend, gone.id, "SUSPENDED")
    await make_block(backend, by, a)
    before = await fingerprint(backend)
    refusals = [(a.id, UserErrorCode.INVALID), *((id_, UserErrorCode.NOT_FOUND) for id_ in (gone.id, by.id, 0))]
    for user_id, code in refusals:
        with pytest.raises(UserFault) as raised:
            await block(backend, links(backend), a.viewer.user, user_id)
        assert (raised.value.code, raised.value.field) == (code, ("userId",))
    assert await fingerprint(backend) == before
    assert await rows(backend, a.id, "SELECT blocked_id FROM blocks WHERE blocker_id = $1", a.id) == []


async def test_who_block_each_other_can_each_end_the_own_block(backend: Backend) -> None:
    a, b = await a_pair(backend)
    await make_block(backend, a, b)
    await change(
        backend,
        b.id,
        "INSERT INTO blocks (blocker_id, blocked_id, state, version, since) VALUES (:b, :a, 'BLOCKED', 1, clock_now())",
        a=a.id,
        b=b.id,
    )
    assert (await unblock(backend, links(backend), a.id, b.id)).id == b.id
    assert (await stands(backend, a, b))[0] == ("GONE", 2)
    with pytest.raises(UserFault):
        await unblock(backend, links(backend), a.id, b.id)


async def test_more_than_the_limit_cannot_be_blocked(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "MOST_BLOCKED", 2)
    a, *others = [await make_user(backend) for _ in range(6)]
    answers = await asyncio.gather(*(make_block(backend, a, one) for one in others), return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, UserFault)]
    assert [fault.code for fault in refusals] == [UserErrorCode.QUOTA_EXCEEDED] * 3
    blocked = await rows(backend, a.id, "SELECT blocked_id FROM blocks WHERE blocker_id = $1", a.id)
    assert len(blocked) == 2
    [one] = [person for person in others if (person.id,) == blocked[0]]
    await make_block(backend, a, one)
    assert limits.MOST_BLOCKED == 10_000


async def test_the_handler_finishes_a_block_that_died_behind_its_first_step(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await a_pair(backend)
    with monkeypatch.context() as armed:
        die_at(armed, "block.after_first_step")
        with pytest.raises(Died):
            await make_block(backend, a, b)
    assert await stands(backend, a, b) == [("BLOCKED", 1)]
    assert (await follows(backend, a, b))[0] == "ACCEPTED"
    assert (await follows(backend, b, a))[0] == "GONE"
    with pytest.raises(UserFault):
        await make_follow(backend, b, a)
    [happened] = await events_about(backend, a.id, EventKind.BLOCKED, blocked_id=b.id)
    for _ in range(2):
        await repair_block(job_of(backend, EventKind.BLOCKED, happened))
        assert await stands(backend, a, b) == [("BLOCKED", 1), ("BLOCKED", 1)]
        assert (await follows(backend, a, b))[0] == "GONE"
        assert len(await events_about(backend, b.id, EventKind.UNFOLLOWED, follower_id=a.id)) == 1


async def test_an_unblock_finishes_the_block_first(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = await a_pair(backend)
    with monkeypatch.context() as armed:
        die_at(armed, "block.after_first_step")
        with pytest.raises(Died):
            await make_block(backend, a, b)
    with monkeypatch.context() as armed:
        die_at(armed, "unblock.after_settling")
        with pytest.raises(Died):
            await end_block(backend, a, b)
    assert await stands(backend, a, b) == [("BLOCKED", 1), ("BLOCKED", 1)]
    assert (await follows(backend, a, b))[0] == "GONE"
    assert await events_about(backend, a.id, EventKind.UNBLOCKED, blocked_id=b.id) == []
    await end_block(backend, a, b)
    assert await stands(backend, a, b) == [("GONE", 2), ("GONE", 2)]


async def test_the_handler_tells_of_an_unblock_that_died_behind_its_commit(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = await a_pair(backend)
    await make_block(backend, a, b)
    with monkeypatch.context() as armed:
        die_at(armed, "unblock.after_commit")
        with pytest.raises(Died):
            await end_block(backend, a, b)
    assert await stands(backend, a, b) == [("GONE", 2), ("BLOCKED", 1)]
    with pytest.raises(UserFault):
        await make_follow(backend, a, b)
    [happened] = await events_about(backend, a.id, EventKind.UNBLOCKED, blocked_id=b.id)
    await repair_block(job_of(backend, EventKind.UNBLOCKED, happened))
    assert await stands(backend, a, b) == [("GONE", 2), ("GONE", 2)]
    await make_follow(backend, a, b)
    assert await follows(backend, a, b) == ["ACCEPTED", "ACCEPTED"]


async def test_an_unblock_waits_for_the_other_shard(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = await a_pair(backend)
    with monkeypatch.context() as armed:
        die_at(armed, "block.after_first_step")
        with pytest.raises(Died):
            await make_block(backend, a, b)

    async def out_of_reach(*_: object) -> None:
        raise ShardUnavailable(0)

    with monkeypatch.context() as armed:
        armed.setattr(blocks, "settle_block", out_of_reach)
        with pytest.raises(ShardUnavailable):
            await end_block(backend, a, b)
    assert await stands(backend, a, b) == [("BLOCKED", 1)]


async def test_a_late_job_ends_no_follow_that_was_made_after_an_unblock(backend: Backend) -> None:
    a, b = await a_pair(backend)
    await make_block(backend, a, b)
    late = await blocks._block(backend, a.id, b.id)
    assert late is not None
    await end_block(backend, a, b)
    await make_follow(backend, a, b)
    assert await settle_block(backend, a.id, b.id, late) is None
    for kind in (EventKind.BLOCKED, EventKind.UNBLOCKED):
        await repair_block(job_of(backend, kind, told(a, b, 1)))
    assert await follows(backend, a, b) == ["ACCEPTED", "ACCEPTED"]


async def test_no_follow_survives_a_block_beside_it(backend: Backend) -> None:
    for _ in range(12):
        a, b = await make_user(backend), await make_user(backend)
        await asyncio.gather(
            make_block(backend, a, b),
            make_follow(backend, a, b),
            make_follow(backend, b, a),
            unfollow(backend, links(backend), b.id, a.id),
            follow(backend, links(backend), b.viewer.user, a.id),
            return_exceptions=True,
        )
        assert await stands(backend, a, b) == [("BLOCKED", 1), ("BLOCKED", 1)]
        for one, other in ((a, b), (b, a)):
            assert (await follows(backend, one, other))[:1] in ([], ["GONE"])


async def test_many_blocks_and_unblocks_beside_each_other(backend: Backend) -> None:
    a, b = await a_pair(backend)
    await asyncio.gather(*((make_block if turn % 2 else end_block)(backend, a, b) for turn in range(20)))
    truth, mirror = await stands(backend, a, b)
    assert truth == mirror
    events = [
        one["version"]
        for kind in (EventKind.BLOCKED, EventKind.UNBLOCKED)
        for one in await events_about(backend, a.id, kind, blocked_id=b.id)
    ]
    assert isinstance(truth, tuple)
    assert sorted(events) == list(range(1, truth[1] + 1))
    assert await differences(backend, {a.id, b.id}) == []
