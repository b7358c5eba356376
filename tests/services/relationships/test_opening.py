"""An account becomes public: who waited follows, who comes later asks or follows by what the account is then."""

import asyncio
from typing import Any

import pytest

from core import clock
from models.tables import Counter
from services.accounts.profile import update_profile
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import Unfinished
from services.relationships import opening
from services.relationships.edges import repair_follow
from services.relationships.opening import accept_waiting
from services.relationships.requests import decline_request
from tests.factories import Person, make_user
from tests.posting import change, count_of, events_about, job_of, links, make_follow, rows
from tests.recount import differences
from tests.services.feeds.town import StepJob

STATES = "SELECT follower_id, state FROM follows WHERE followed_id = $1"


async def states(backend: Backend, user: Person, *people: Person) -> list[Any]:
    found = dict(await rows(backend, user.id, STATES, user.id))
    return [found.get(person.id) for person in people]


async def set_private(backend: Backend, user: Person, is_private: bool) -> None:  # noqa: FBT001
    await update_profile(backend, user.viewer, {"is_private": is_private})


async def opened(backend: Backend, user: Person) -> list[dict[str, Any]]:
    return await events_about(backend, user.id, EventKind.ACCOUNT_OPENED, user_id=user.id)


def step_job(backend: Backend, payload: dict[str, Any]) -> StepJob:
    return StepJob(backend, 0, EventKind.ACCOUNT_OPENED, "accept_waiting", payload, 1, None, 10.0)


async def test_who_waits_is_accepted_with_it(backend: Backend) -> None:
    user, *people = [await make_user(backend, is_private=number == 0) for number in range(5)]
    for person in people:
        await make_follow(backend, person, user)
    await decline_request(backend, links(backend), user.viewer.user, people[0].id)
    await set_private(backend, user, False)
    assert await states(backend, user, *people) == ["GONE", *["ACCEPTED"] * 3]
    assert await count_of(backend, user.id, Counter.FOLLOWERS) == 3
    assert await opened(backend, user) == []
    for person in people[1:]:
        events = await events_about(backend, user.id, EventKind.FOLLOWED, follower_id=person.id)
        assert [(event["version"], event["state"]) for event in events] == [(1, "PENDING"), (2, "ACCEPTED")]
        await repair_follow(job_of(backend, EventKind.FOLLOWED, events[1]))
        assert await count_of(backend, person.id, Counter.FOLLOWING) == 1
    assert await differences(backend, {user.id, *(person.id for person in people)}) == []


async def test_who_waits_is_accepted_where_the_clock_was_set_back(backend: Backend) -> None:
    user, asking = await make_user(backend, is_private=True), await make_user(backend)
    await make_follow(backend, asking, user)
    later = "UPDATE follows SET since = since + interval '1 hour' WHERE followed_id = :id"
    await change(backend, user.id, later, id=user.id)
    await set_private(backend, user, False)
    assert await states(backend, user, asking) == ["ACCEPTED"]


async def test_becoming_private_keeps_followers_and_opening_what_is_open_does_nothing(backend: Backend) -> None:
    user, person = await make_user(backend), await make_user(backend)
    await make_follow(backend, person, user)
    for is_private in (True, True, False, False):
        await set_private(backend, user, is_private)
        assert await states(backend, user, person) == ["ACCEPTED"]
    assert len(await events_about(backend, user.id, EventKind.FOLLOWED, follower_id=person.id)) == 1


async def test_the_rest_is_accepted_by_a_job_that_may_die(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 2)
    user, *people = [await make_user(backend, is_private=number == 0) for number in range(10)]
    for person in people:
        await make_follow(backend, person, user)
    before = clock.now_ms()
    await set_private(backend, user, False)
    assert await states(backend, user, *people) == ["ACCEPTED"] * 2 + ["PENDING"] * 7
    [event] = await opened(backend, user)
    assert before <= event["moment"] // 1000 + 1
    job = step_job(backend, event)
    job.saves_left = 1
    with pytest.raises(KeyboardInterrupt):
        await accept_waiting(job)
    assert (await states(backend, user, *people)).count("ACCEPTED") == 6
    job.saves_left = 9
    with monkeypatch.context() as hurried:
        hurried.setattr(opening, "TURN_SECONDS", -1)
        with pytest.raises(Unfinished):
            await accept_waiting(job)
    assert job.progress == {"accepted": 4}
    for _ in range(2):
        await accept_waiting(job)
        assert await states(backend, user, *people) == ["ACCEPTED"] * 9
    assert len(await events_about(backend, user.id, EventKind.FOLLOWED, state="ACCEPTED", followed_id=user.id)) == 9
    assert await count_of(backend, user.id, Counter.FOLLOWERS) == 9


async def test_who_asks_when_it_is_private_again_goes_on_asking(
    backend: Backend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opening, "AT_ONCE", 1)
    user, early, later, withdrawn = [await make_user(backend, is_private=number == 0) for number in range(4)]
    first = await make_user(backend)
    for person in (first, early, withdrawn):
        await make_follow(backend, person, user)
    await set_private(backend, user, False)
    await set_private(backend, user, True)
    await decline_request(backend, links(backend), user.viewer.user, withdrawn.id)
    for person in (later, withdrawn):
        await make_follow(backend, person, user)
    [event] = await opened(backend, user)
    await accept_waiting(step_job(backend, event))
    assert await states(backend, user, first, early, later, withdrawn) == ["ACCEPTED", "ACCEPTED", "PENDING", "PENDING"]


async def test_nobody_is_left_waiting_whatever_runs_beside_it(backend: Backend) -> None:
    for _ in range(6):
        user, *people = [await make_user(backend, is_private=number == 0) for number in range(6)]
        await asyncio.gather(
            *(make_follow(backend, person, user) for person in people[:3]),
            set_private(backend, user, False),
            *(make_follow(backend, person, user) for person in people[3:]),
        )
        assert await states(backend, user, *people) == ["ACCEPTED"] * 5
        assert await differences(backend, {user.id}) == []
