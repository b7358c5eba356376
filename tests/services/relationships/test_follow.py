import asyncio
import random
from dataclasses import replace

import pytest

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.tables import Counter
from services.backend import Backend
from services.consequences import EventKind
from services.relationships.edges import repair_follow
from services.relationships.follow import follow, unfollow
from services.relationships.states import follows_by, standing_with
from tests.factories import Person, make_user
from tests.posting import (
    accept_follow,
    change,
    count_of,
    events_about,
    fingerprint,
    job_of,
    links,
    make_follow,
    rows,
    set_user_state,
)
from tests.recount import differences

TRUTH = "SELECT state, version, follower_username FROM follows WHERE followed_id = $1 AND follower_id = $2"
MIRROR = "SELECT state, version, followed_username FROM following WHERE follower_id = $1 AND followed_id = $2"


async def edge(backend: Backend, follower: Person, followed: Person) -> list[tuple[object, ...]]:
    """Truth and mirror."""
    truth = await rows(backend, followed.id, TRUTH, followed.id, follower.id)
    return [*truth, *await rows(backend, follower.id, MIRROR, follower.id, followed.id)]


async def counted(backend: Backend, follower: Person, followed: Person) -> tuple[int, int]:
    """How many follow, and are followed."""
    return (
        await count_of(backend, followed.id, Counter.FOLLOWERS),
        await count_of(backend, follower.id, Counter.FOLLOWING),
    )


async def test_following_and_following_no_more(backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend)
    for version, state in ((1, "ACCEPTED"), (2, "GONE"), (3, "ACCEPTED")):
        for _ in range(2):
            if state == "ACCEPTED":
                await make_follow(backend, a, b)
            else:
                await unfollow(backend, links(backend), a.id, b.id)
            assert await edge(backend, a, b) == [(state, version, a.username), (state, version, b.username)]
            assert await counted(backend, a, b) == ((1, 1) if state == "ACCEPTED" else (0, 0))
    told = {"follower_id": a.id, "followed_id": b.id}
    followed = await events_about(backend, b.id, EventKind.FOLLOWED, **told)
    assert all(shard_of(event.pop("reservation")) == shard_of(a.id) for event in followed)
    assert followed == [{**told, "version": version, "state": "ACCEPTED"} for version in (1, 3)]
    assert await events_about(backend, b.id, EventKind.UNFOLLOWED, **told) == [{**told, "version": 2, "state": "GONE"}]


async def test_a_private_account_is_asked(backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend, is_private=True)
    for _ in range(2):
        await make_follow(backend, a, b)
        assert await edge(backend, a, b) == [("PENDING", 1, a.username), ("PENDING", 1, b.username)]
    assert await follows_by(backend.reader(), a.id, [b.id]) == {b.id: "PENDING"}
    assert (await standing_with(backend.reader(), b.id, [a.id]))[a.id].follow_state == "PENDING"
    await unfollow(backend, links(backend), a.id, b.id)
    assert await edge(backend, a, b) == [("GONE", 2, a.username), ("GONE", 2, b.username)]
    assert await counted(backend, a, b) == (0, 0)


async def test_who_was_accepted_stays_when_the_account_becomes_private(backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend)
    await make_follow(backend, a, b)
    await change(backend, b.id, "UPDATE users SET is_private = true WHERE id = :id", id=b.id)
    await make_follow(backend, a, b)
    assert (await edge(backend, a, b))[0] == ("ACCEPTED", 1, a.username)


async def test_who_asked_before_the_account_was_opened_follows_by_asking_again(backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend, is_private=True)
    await make_follow(backend, a, b)
    await change(backend, b.id, "UPDATE users SET is_private = false WHERE id = :id", id=b.id)
    await make_follow(backend, a, b)
    assert await edge(backend, a, b) == [("ACCEPTED", 2, a.username), ("ACCEPTED", 2, b.username)]
    assert await counted(backend, a, b) == (1, 1)


async def test_whom_one_cannot_follow(backend: Backend) -> None:
    a, suspended = await make_user(backend), await make_user(backend)
    await set_user_state(backend, suspended.id, "SUSPENDED")
    nowhere = (1 << 62) | (8191 << 10)
    before = await fingerprint(backend)
    for user_id, code in (
        (a.id, UserErrorCode.INVALID),
        (suspended.id, UserErrorCode.NOT_FOUND),
        (0, UserErrorCode.NOT_FOUND),
        (nowhere, UserErrorCode.NOT_FOUND),
    ):
        with pytest.raises(UserFault) as raised:
            await follow(backend, links(backend), a.viewer.user, user_id)
        assert (raised.value.code, raised.value.field) == (code, ("userId",))
    with pytest.raises(UserFault) as raised:
        await unfollow(backend, links(backend), a.id, suspended.id)
    assert raised.value.code is UserErrorCode.NOT_FOUND
    assert await fingerprint(backend) == before


async def test_unfollowing_whom_one_does_not_follow_changes_nothing(backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend)
    before = await fingerprint(backend)
    await unfollow(backend, links(backend), a.id, b.id)
    assert await fingerprint(backend) == before


async def test_the_handler_repairs_mirror_and_names(backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend)
    stale = replace_name(a, "before")
    await follow(backend, links(backend), stale.viewer.user, b.id)
    await change(backend, a.id, "DELETE FROM following WHERE follower_id = :a", a=a.id)
    await change(
        backend, a.id, "UPDATE users SET full_name = 'Ada', name_version = name_version + 1 WHERE id = :a", a=a.id
    )
    job = job_of(backend, EventKind.FOLLOWED, {"follower_id": a.id, "followed_id": b.id})
    for _ in range(2):
        await repair_follow(job)
        assert await edge(backend, a, b) == [("ACCEPTED", 1, a.username), ("ACCEPTED", 1, b.username)]
    names = "SELECT follower_name, follower_search FROM follows WHERE followed_id = $1"
    assert await rows(backend, b.id, names, b.id) == [("Ada", f"{a.username} ada")]


def replace_name(person: Person, username: str) -> Person:
    """As a request sees someone who is renamed meanwhile."""
    user = replace(person.viewer.user, username=username)
    return replace(person, viewer=replace(person.viewer, user=user))


async def test_everyone_follows_everyone_at_once(backend: Backend) -> None:
    people = [await make_user(backend) for _ in range(6)]
    chance = random.Random(11)
    jobs = [
        job_of(backend, EventKind.FOLLOWED, {"follower_id": a.id, "followed_id": b.id}) for a in people for b in people
    ]
    gate = asyncio.Semaphore(16)

    async def one() -> None:
        a, b = chance.sample(people, 2)
        async with gate:
            if chance.random() < 0.6:
                await make_follow(backend, a, b)
            else:
                await unfollow(backend, links(backend), a.id, b.id)
            await repair_follow(chance.choice(jobs))

    await asyncio.gather(*(one() for _ in range(250)))
    for a in people:
        for b in people:
            found = await edge(backend, a, b)
            assert len({(state, version) for state, version, _ in found}) == (1 if found else 0)
    assert await differences(backend, {person.id for person in people}) == []


async def test_a_mirror_learns_of_an_accepted_request(backend: Backend) -> None:
    a, b = await make_user(backend), await make_user(backend, is_private=True)
    await make_follow(backend, a, b)
    await accept_follow(backend, a, b)
    await change(backend, a.id, "UPDATE following SET version = 0, state = 'GONE' WHERE follower_id = :a", a=a.id)
    await change(backend, a.id, "DELETE FROM count_deltas WHERE object_id = :a", a=a.id)
    await repair_follow(job_of(backend, EventKind.FOLLOWED, {"follower_id": a.id, "followed_id": b.id}))
    assert (await edge(backend, a, b))[1] == ("ACCEPTED", 2, b.username)
    assert await count_of(backend, a.id, Counter.FOLLOWING) == 1
