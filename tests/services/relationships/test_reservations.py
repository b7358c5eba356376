"""Exactly as many followed as allowed, whatever runs beside it and wherever it ends."""

import asyncio
import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from core.errors import ShardUnavailable, UserErrorCode, UserFault
from models.ids import shard_of
from models.tables import User
from services.backend import Backend
from services.consequences import EventKind
from services.relationships import follow as following
from services.relationships.blocks import block
from services.relationships.edges import mirror_follow, repair_follow
from services.relationships.follow import follow, unfollow
from services.relationships.gate import enter
from services.relationships.reservations import OLD_SECONDS, Reservation, reserve, settle, sweep_reservations
from tests.factories import Person, make_user
from tests.posting import change, events_about, followed_by_mirror, job_of, links, make_follow, rows
from tests.recount import differences

ACTIVE = "SELECT count(*) FROM following WHERE follower_id = $1 AND state IN ('ACCEPTED', 'PENDING')"
TRUTH = "SELECT followed_id, state FROM follows WHERE follower_id = $1 AND state <> 'GONE'"
RESERVED = "SELECT followed_id FROM follow_reservations WHERE follower_id = $1"


class Died(Exception):
    """As if the process had ended there."""


def limited(backend: Backend, most: int) -> Backend:
    return replace(backend, settings=backend.settings.model_copy(update={"most_followed": most}))


def die_at(monkeypatch: pytest.MonkeyPatch, point: str) -> None:
    def crash(name: str) -> None:
        if name == point:
            raise Died

    monkeypatch.setattr("services.backend.crash_point", crash)
    monkeypatch.setattr(following, "crash_point", crash)


async def active(backend: Backend, person: Person) -> int:
    [(count,)] = await rows(backend, person.id, ACTIVE, person.id)
    return int(count)


async def truly(backend: Backend, person: Person) -> int:
    return len(await backend.reader().on_every_node(TRUTH, person.id))


async def reserved(backend: Backend, person: Person) -> list[tuple[Any, ...]]:
    return await rows(backend, person.id, RESERVED, person.id)


async def age(backend: Backend, person: Person, seconds: float = OLD_SECONDS + 1) -> None:
    older = (
        "UPDATE follow_reservations SET reserved_at = reserved_at - make_interval(secs => :seconds)"
        " WHERE follower_id = :id"
    )
    await change(backend, person.id, older, id=person.id, seconds=seconds)


async def refused(backend: Backend, follower: Person, followed: Person) -> None:
    with pytest.raises(UserFault) as raised:
        await make_follow(backend, follower, followed)
    fault = raised.value
    assert (fault.code, fault.field) == (UserErrorCode.QUOTA_EXCEEDED, ("userId",))


async def test_fifty_at_once_with_five_places_left(backend: Backend) -> None:
    follower = await make_user(backend)
    people = [await make_user(backend, is_private=number % 2 == 0) for number in range(50)]
    await followed_by_mirror(backend, follower, 7495)
    assert backend.settings.most_followed == 7500
    trying = (make_follow(backend, follower, person) for person in people)
    answers = await asyncio.gather(*trying, return_exceptions=True)
    assert answers.count(None) == 5
    faults = [answer for answer in answers if isinstance(answer, UserFault)]
    assert [fault.code for fault in faults] == [UserErrorCode.QUOTA_EXCEEDED] * 45
    assert faults[0].message == "You can follow 7,500 people at most."
    assert (await active(backend, follower), await truly(backend, follower)) == (7500, 5)
    assert await reserved(backend, follower) == []
    [one, *_] = [person for person, answer in zip(people, answers, strict=True) if answer is None]
    [other, *_] = [person for person, answer in zip(people, answers, strict=True) if answer is not None]
    await make_follow(backend, follower, one)
    await refused(backend, follower, other)
    await unfollow(backend, links(backend), follower.id, one.id)
    await make_follow(backend, follower, other)
    await refused(backend, follower, one)
    assert await active(backend, follower) == 7500


async def test_a_refusal_leaves_no_reservation(backend: Backend) -> None:
    follower, other = await make_user(backend), await make_user(backend)
    await block(backend, links(backend), other.viewer.user, follower.id)
    with pytest.raises(UserFault):
        await make_follow(backend, follower, other)
    assert await reserved(backend, follower) == []


async def test_a_refusal_behind_the_reservation_gives_it_back(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    follower, other = await make_user(backend), await make_user(backend)
    await block(backend, links(backend), other.viewer.user, follower.id)

    async def seen_before(*_: object) -> None: ...

    monkeypatch.setattr(following, "user_seen", seen_before)
    with pytest.raises(UserFault) as raised:
        await make_follow(backend, follower, other)
    assert raised.value.code is UserErrorCode.NOT_FOUND
    assert (await reserved(backend, follower), await truly(backend, follower)) == ([], 0)


@pytest.mark.parametrize("by", ["sweep", "the next"])
async def test_what_a_crash_before_the_follow_leaves_counts_and_is_given_back_when_old(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    own = limited(backend, 2)
    follower, *people = [await make_user(backend) for _ in range(4)]
    await make_follow(own, follower, people[0])
    with monkeypatch.context() as armed:
        die_at(armed, "follow.after_reservation")
        with pytest.raises(Died):
            await make_follow(own, follower, people[1])
    assert await reserved(backend, follower) == [(people[1].id,)]
    await refused(own, follower, people[2])
    await sweep_reservations(backend)
    await refused(own, follower, people[2])
    await age(backend, follower)
    if by == "sweep":
        await sweep_reservations(backend)
        assert await reserved(backend, follower) == []
    await make_follow(own, follower, people[2])
    assert (await active(backend, follower), await truly(backend, follower)) == (2, 2)
    assert await reserved(backend, follower) == []
    await refused(own, follower, people[1])


@pytest.mark.parametrize("by", ["handler", "sweep", "the next"])
async def test_what_a_crash_behind_the_follow_leaves_goes_on_counting(
    backend: Backend, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    own = limited(backend, 2)
    follower, *people = [await make_user(backend) for _ in range(4)]
    await make_follow(own, follower, people[0])
    with monkeypatch.context() as armed:
        die_at(armed, "follow.after_commit")
        with pytest.raises(Died):
            await make_follow(own, follower, people[1])
    assert (await active(backend, follower), await truly(backend, follower)) == (1, 2)
    await refused(own, follower, people[2])
    if by == "handler":
        [event] = await events_about(backend, people[1].id, EventKind.FOLLOWED, follower_id=follower.id)
        await repair_follow(job_of(backend, EventKind.FOLLOWED, event))
    else:
        await age(backend, follower)
    if by == "sweep":
        await sweep_reservations(backend)
    await refused(own, follower, people[2])
    assert (await active(backend, follower), await truly(backend, follower)) == (2, 2)
    assert await reserved(backend, follower) == []
    assert await differences(backend, {follower.id, *(person.id for person in people)}) == []


async def test_a_follow_that_comes_too_late_is_not_begun(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    follower, other = await make_user(backend), await make_user(backend)

    async def slow(*given: Any) -> Reservation:
        reservation = await reserve(*given)
        return replace(reservation, reserved_at=reservation.reserved_at - timedelta(seconds=31))

    monkeypatch.setattr(following, "reserve", slow)
    with pytest.raises(ShardUnavailable):
        await make_follow(backend, follower, other)
    assert await truly(backend, follower) == 0
    assert await reserved(backend, follower) == [(other.id,)]


async def test_settling_waits_for_a_follow_that_has_begun(backend: Backend) -> None:
    own = limited(backend, 1)
    follower, other, third = [await make_user(backend) for _ in range(3)]
    reservation = await reserve(own, follower.id, other.id)
    async with backend.transaction(shard_of(other.id)) as transaction:
        await enter(transaction, other.id)
        old = replace(reservation, reserved_at=reservation.reserved_at - timedelta(seconds=61))
        settling = asyncio.create_task(settle(own, old))
        await asyncio.sleep(0.2)
        assert not settling.done()
        followed = (await transaction.session.scalars(select(User).where(User.id == other.id))).one()
        await following._begin(transaction, follower.viewer.user, followed, reservation)
    assert await settling
    assert (await active(backend, follower), await reserved(backend, follower)) == (1, [])
    await refused(own, follower, third)


async def test_one_that_is_young_by_the_other_clock_is_left(backend: Backend) -> None:
    follower, other = await make_user(backend), await make_user(backend)
    reservation = await reserve(backend, follower.id, other.id)
    assert not await settle(backend, reservation)
    assert await reserved(backend, follower) == [(other.id,)]


async def test_a_late_mirror_of_another_follow_gives_no_place_back(backend: Backend) -> None:
    """The job of an earlier follow and its end, between a reservation and its follow."""
    own = limited(backend, 1)
    follower, other, third = [await make_user(backend) for _ in range(3)]
    await make_follow(own, follower, other)
    await unfollow(own, links(backend), follower.id, other.id)
    reservation = await reserve(own, follower.id, other.id)
    for kind in (EventKind.FOLLOWED, EventKind.UNFOLLOWED):
        for event in await events_about(backend, other.id, kind, follower_id=follower.id):
            await repair_follow(job_of(backend, kind, event))
    assert await reserved(backend, follower) == [(other.id,)]
    await refused(own, follower, third)
    await mirror_follow(backend, follower.id, other.id, None, {}, reservation.attempt)
    await make_follow(own, follower, third)


@dataclass
class Chaos:
    """One follower, with room for `most`, and people to follow; every step may die at a crash point."""

    backend: Backend
    chance: random.Random
    follower: Person
    people: list[Person]

    def crash(self, name: str) -> None:
        if self.chance.random() < {"follow.after_reservation": 0.1, "follow.after_commit": 0.15}.get(name, 0):
            raise Died

    async def step(self) -> None:
        person, dice = self.chance.choice(self.people), self.chance.random()
        if dice < 0.55:
            await follow(self.backend, links(self.backend), self.follower.viewer.user, person.id)
        elif dice < 0.75:
            await unfollow(self.backend, links(self.backend), self.follower.id, person.id)
        elif dice < 0.9:
            await self.repair(person)
        else:
            await sweep_reservations(self.backend)

    async def repair(self, person: Person) -> None:
        """A job of any follow or end that there ever was."""
        kind = self.chance.choice([EventKind.FOLLOWED, EventKind.UNFOLLOWED])
        events = await events_about(self.backend, person.id, kind, follower_id=self.follower.id)
        if events:
            await repair_follow(job_of(self.backend, kind, self.chance.choice(events)))

    async def steps(self) -> None:
        """Some at once."""
        trying = (self.step() for _ in range(self.chance.choice([1, 2, 4])))
        answers = await asyncio.gather(*trying, return_exceptions=True)
        faults = [answer for answer in answers if isinstance(answer, BaseException)]
        assert all(isinstance(fault, (Died, UserFault)) for fault in faults), faults

    async def settled(self) -> None:
        for person in self.people:
            for event in await events_about(self.backend, person.id, EventKind.FOLLOWED, follower_id=self.follower.id):
                await repair_follow(job_of(self.backend, EventKind.FOLLOWED, event))
        await age(self.backend, self.follower)
        await sweep_reservations(self.backend)
        assert await reserved(self.backend, self.follower) == []


@pytest.mark.parametrize("seed", range(4))
async def test_never_one_more_in_any_order(backend: Backend, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """Follows that die anywhere, follows twice at once, ends, late and doubled jobs, sweeps: never more than allowed,
    and in the end as many as allowed."""
    follower, *people = [await make_user(backend, is_private=number % 3 == 1) for number in range(10)]
    chaos = Chaos(limited(backend, 5), random.Random(seed), follower, people)
    with monkeypatch.context() as armed:
        armed.setattr("services.backend.crash_point", chaos.crash)
        armed.setattr(following, "crash_point", chaos.crash)
        for _ in range(40):
            await chaos.steps()
            assert await truly(backend, follower) <= 5
    await chaos.settled()
    for person in people:
        if await truly(backend, follower) < 5:
            await make_follow(chaos.backend, follower, person)
    assert (await active(backend, follower), await truly(backend, follower)) == (5, 5)
    assert await differences(backend, {follower.id, *(person.id for person in people)}) == []
