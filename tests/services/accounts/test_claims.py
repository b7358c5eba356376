"""The protocol of names: `docs/protocols.md`, Names."""

import asyncio

import pytest
from sqlalchemy.dialects.postgresql import insert

from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from models.ids import shard_of
from models.tables import ClaimKind, Credential, User
from services.accounts.claims import AttemptAbandoned, Name, _decide, holding, is_free, keep, settle, sweep_claims
from services.backend import Backend
from tests.factories import make_user, new_username
from tests.services.accounts.names_in_store import claim_row, let_expire, new_attempt, outcome_of, state_of


def new_name() -> Name:
    return Name(ClaimKind.USERNAME, new_username())


class _Died(Exception):
    """The process ended here."""


async def claim_and_die(backend: Backend, name: Name) -> tuple[int, int]:
    """Owner and attempt of a claim that nobody finishes."""
    owner_id, attempt = await new_attempt(backend)
    with pytest.raises(_Died):
        async with holding(backend, [name], owner_id, attempt):
            raise _Died
    return owner_id, attempt


async def write_row(backend: Backend, name: Name, owner_id: int, attempt: int) -> None:
    async with backend.transaction(shard_of(owner_id)) as transaction:
        await keep(transaction, attempt)
        await transaction.session.execute(insert(User).values(id=owner_id, username=name.value))
        await transaction.session.execute(
            insert(Credential).values(user_id=owner_id, email=f"{name.value}@example.com")
        )


async def test_a_name_is_pending_while_held_and_confirmed_after(backend: Backend) -> None:
    name = new_name()
    owner_id, attempt = await new_attempt(backend)
    async with holding(backend, [name], owner_id, attempt):
        held = await claim_row(backend, name)
        assert held is not None
        assert (held["shard"], held["owner_id"], held["attempt"]) == (name.shard(backend), owner_id, attempt)
        assert (held["state"], held["expires_at"] is not None) == ("PENDING", True)
    kept = await claim_row(backend, name)
    assert kept is not None
    assert (kept["owner_id"], kept["state"], kept["expires_at"]) == (owner_id, "CONFIRMED", None)


async def test_a_refusal_gives_back_all_names(backend: Backend) -> None:
    names = [new_name(), Name(ClaimKind.EMAIL, f"{new_username()}@example.com")]
    owner_id, attempt = await new_attempt(backend)
    with pytest.raises(UserFault):
        async with holding(backend, names, owner_id, attempt):
            raise UserFault(UserErrorCode.INVALID, "No.")
    assert [await state_of(backend, name) for name in names] == [None, None]


async def test_whose_second_name_is_taken_loses_the_first_too(backend: Backend) -> None:
    free, taken = new_name(), Name(ClaimKind.EMAIL, f"{new_username()}@example.com")
    first_owner, first_attempt = await new_attempt(backend)
    async with holding(backend, [taken], first_owner, first_attempt):
        pass
    owner_id, attempt = await new_attempt(backend)
    with pytest.raises(UserFault) as refused:
        async with holding(backend, [free, taken], owner_id, attempt):
            raise AssertionError
    assert (refused.value.code, refused.value.field) == (UserErrorCode.TAKEN, ("email",))
    assert await state_of(backend, free) is None
    held = await claim_row(backend, taken)
    assert held is not None
    assert held["owner_id"] == first_owner


async def test_a_pending_claim_keeps_others_out_until_it_expires(backend: Backend) -> None:
    name = new_name()
    owner_id, attempt = await claim_and_die(backend, name)
    assert await is_free(backend, name) is False
    other_id, other_attempt = await new_attempt(backend)
    with pytest.raises(UserFault) as refused:
        async with holding(backend, [name], other_id, other_attempt):
            raise AssertionError
    assert (refused.value.code, refused.value.field) == (UserErrorCode.TAKEN, ("username",))
    held = await claim_row(backend, name)
    assert held is not None
    assert (held["owner_id"], held["state"]) == (owner_id, "PENDING")

    await let_expire(backend, name)
    assert await is_free(backend, name) is True
    async with holding(backend, [name], other_id, other_attempt):
        pass
    held = await claim_row(backend, name)
    assert held is not None
    assert (held["owner_id"], held["state"]) == (other_id, "CONFIRMED")
    assert await outcome_of(backend, attempt) == "ABANDONED"


async def test_whom_the_name_was_taken_from_cannot_write_the_row_any_more(backend: Backend) -> None:
    name = new_name()
    owner_id, attempt = await claim_and_die(backend, name)
    await let_expire(backend, name)
    other_id, other_attempt = await new_attempt(backend)
    async with holding(backend, [name], other_id, other_attempt):
        pass
    with pytest.raises(AttemptAbandoned):
        await write_row(backend, name, owner_id, attempt)
    rows = await backend.reader().on_shard_of(owner_id, "SELECT id FROM users WHERE id = $1", owner_id)
    assert rows == []


async def test_an_expired_claim_whose_row_was_written_is_confirmed_for_its_owner(backend: Backend) -> None:
    name = new_name()
    owner_id, attempt = await claim_and_die(backend, name)
    await write_row(backend, name, owner_id, attempt)
    await let_expire(backend, name)
    assert await is_free(backend, name) is False
    other_id, other_attempt = await new_attempt(backend)
    with pytest.raises(UserFault) as refused:
        async with holding(backend, [name], other_id, other_attempt):
            raise AssertionError
    assert refused.value.code is UserErrorCode.TAKEN
    held = await claim_row(backend, name)
    assert held is not None
    assert (held["owner_id"], held["state"], held["expires_at"]) == (owner_id, "CONFIRMED", None)
    assert await outcome_of(backend, attempt) == "KEPT"


async def test_a_taker_waits_for_an_owner_who_is_just_writing(backend: Backend) -> None:
    name = new_name()
    owner_id, attempt = await claim_and_die(backend, name)
    await let_expire(backend, name)
    async with backend.transaction(shard_of(owner_id)) as transaction:
        await keep(transaction, attempt)
        taking = asyncio.create_task(_decide(backend, attempt))
        await asyncio.sleep(0.1)
        assert not taking.done()
    assert await taking == "KEPT"


async def test_the_sweep_frees_what_came_to_nothing_and_confirms_the_rest(backend: Backend) -> None:
    lost, kept, open_ = new_name(), new_name(), new_name()
    _, lost_attempt = await claim_and_die(backend, lost)
    kept_id, kept_attempt = await claim_and_die(backend, kept)
    await write_row(backend, kept, kept_id, kept_attempt)
    await claim_and_die(backend, open_)
    await let_expire(backend, lost, kept)
    assert await sweep_claims(backend) >= 2
    assert [await state_of(backend, name) for name in (lost, kept, open_)] == [None, "CONFIRMED", "PENDING"]
    assert await outcome_of(backend, lost_attempt) == "ABANDONED"
    await let_expire(backend, open_)
    await sweep_claims(backend)
    assert await state_of(backend, open_) is None


async def test_settling_frees_a_name_that_its_owner_gave_up_and_only_that(backend: Backend) -> None:
    person = await make_user(backend)
    given_up = new_name()
    attempt = (await new_attempt(backend))[1]
    async with holding(backend, [given_up], person.id, attempt):
        pass
    own = Name(ClaimKind.USERNAME, person.username)
    for _ in range(2):
        await settle(backend, given_up)
        await settle(backend, own)
        assert [await state_of(backend, name) for name in (given_up, own)] == [None, "CONFIRMED"]


async def test_a_name_given_up_can_be_claimed_back_before_it_is_released(backend: Backend) -> None:
    person = await make_user(backend)
    name = new_name()
    for _ in range(2):
        attempt = (await new_attempt(backend))[1]
        async with holding(backend, [name], person.id, attempt):
            pass
        held = await claim_row(backend, name)
        assert held is not None
        assert (held["owner_id"], held["attempt"]) == (person.id, attempt)


async def test_of_many_claims_at_once_one_succeeds(settings: Settings, backend: Backend) -> None:
    name = new_name()
    other = await Backend.open(settings)

    async def attempt_on(process: Backend) -> int | UserErrorCode:
        owner_id, attempt = await new_attempt(process)
        try:
            async with holding(process, [name], owner_id, attempt):
                return owner_id
        except UserFault as fault:
            return fault.code

    try:
        answers = await asyncio.gather(*(attempt_on(process) for process in [backend, other] * 10))
    finally:
        await other.close()
    held = await claim_row(backend, name)
    assert held is not None
    assert held["state"] == "CONFIRMED"
    assert sorted(answers, key=str) == [held["owner_id"], *[UserErrorCode.TAKEN] * 19]


async def test_of_many_takers_of_an_expired_claim_one_succeeds(backend: Backend) -> None:
    name = new_name()
    await claim_and_die(backend, name)
    await let_expire(backend, name)

    async def take() -> int | None:
        owner_id, attempt = await new_attempt(backend)
        try:
            async with holding(backend, [name], owner_id, attempt):
                return owner_id
        except UserFault:
            return None

    owners = [owner for owner in await asyncio.gather(*(take() for _ in range(10))) if owner]
    held = await claim_row(backend, name)
    assert held is not None
    assert owners == [held["owner_id"]]
