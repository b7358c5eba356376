"""However many follow somebody without a break, that person blocks, goes private and is suspended at once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from models.ids import shard_of
from services.accounts.profile import update_profile
from services.accounts.suspension import suspend
from services.backend import Backend
from services.relationships.gate import enter
from services.relationships.reservations import Reservation, settle
from tests.factories import Person, make_user
from tests.posting import make_block, make_comment, make_follow, make_post, rows

Work = Callable[[Backend, Person, Person], Coroutine[Any, Any, object]]


async def _settle(backend: Backend, person: Person, other: Person) -> None:
    [(now,)] = await rows(backend, person.id, "SELECT clock_now()")
    await settle(backend, Reservation(other.id, person.id, 1, now))


ALONE: list[Work] = [
    make_block,
    lambda backend, person, other: make_block(backend, other, person),
    lambda backend, person, _: update_profile(backend, person.viewer, {"is_private": True}),
    lambda backend, person, _: suspend(backend, person.id),
    _settle,
]
WAITING = (
    "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND (classid::bigint << 32) + objid::bigint = $1"
)


async def _waiting(backend: Backend, person: Person, number: int) -> None:
    while len(await rows(backend, person.id, WAITING, person.id)) < number:
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("work", ALONE)
async def test_who_follows_behind_them_waits(backend: Backend, work: Work) -> None:
    person, other, fan = [await make_user(backend) for _ in range(3)]
    async with backend.transaction(shard_of(person.id)) as transaction:
        await enter(transaction, person.id)
        working = asyncio.create_task(work(backend, person, other))
        await _waiting(backend, person, 1)
        following = asyncio.create_task(make_follow(backend, fan, person))
        await _waiting(backend, person, 2)
        assert not working.done()
        assert not following.done()
    await working
    await asyncio.gather(following, return_exceptions=True)


async def test_what_changes_the_person_otherwise_waits_for_nobody(backend: Backend) -> None:
    person = await make_user(backend)
    async with backend.transaction(shard_of(person.id)) as transaction:
        await enter(transaction, person.id)
        await update_profile(backend, person.viewer, {"bio": "Busy."})
        await make_comment(backend, person, await make_post(backend, person))
    assert await rows(backend, person.id, "SELECT bio FROM users WHERE id = $1", person.id) == [("Busy.",)]
