import statistics

import pytest
from sqlalchemy import text

from core import clock
from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from models.ids import shard_of
from services.accounts.passwords import Passwords, passwords
from services.accounts.sessions import Origin, SignedIn
from services.accounts.sign_in import sign_in
from services.backend import Backend
from services.visible import MediaLinks
from tests.factories import Person, make_user


async def enter(backend: Backend, login: str, password: str) -> SignedIn:
    return await sign_in(backend, MediaLinks(backend.signer), login, password, Origin())


async def refusal(backend: Backend, login: str, password: str) -> tuple[UserErrorCode, str, tuple[str, ...] | None]:
    with pytest.raises(UserFault) as refused:
        await enter(backend, login, password)
    return refused.value.code, refused.value.message, refused.value.field


async def sessions_of(backend: Backend, person: Person) -> int:
    [row] = await backend.reader().on_shard_of(
        person.id, "SELECT count(*) AS count FROM sessions WHERE user_id = $1", person.id
    )
    return int(row["count"])


async def test_by_username_and_by_address_in_any_case(backend: Backend) -> None:
    person = await make_user(backend)
    for login in (person.username, person.username.upper(), f" {person.email} ", person.email.upper()):
        assert (await enter(backend, login, person.password)).viewer.id == person.id
    assert await sessions_of(backend, person) == 5


async def test_every_wrong_sign_in_is_answered_alike(backend: Backend) -> None:
    person = await make_user(backend)
    wrong = (UserErrorCode.WRONG_CREDENTIALS, "Login and password do not fit.", None)
    for login, password in [
        (person.username, "wrong password"),
        (person.email, "wrong password"),
        (person.username, ""),
        (person.username, person.password + " "),
        (person.username, "x" * 100_000),
        (person.username + "x", person.password),
        (f"x{person.email}", person.password),
        ("", person.password),
        ("no such\x00name", person.password),
        ("@", person.password),
        ("x" * 100_000, person.password),
    ]:
        assert await refusal(backend, login, password) == wrong
    assert await sessions_of(backend, person) == 1


async def test_who_has_no_password_cannot_sign_in_with_one(backend: Backend) -> None:
    person = await make_user(backend)
    async with backend.transaction(shard_of(person.id)) as transaction:
        await transaction.session.execute(
            text("UPDATE credentials SET password_hash = NULL WHERE user_id = :id"), {"id": person.id}
        )
    assert (await refusal(backend, person.username, person.password))[0] is UserErrorCode.WRONG_CREDENTIALS
    assert (await refusal(backend, person.username, ""))[0] is UserErrorCode.WRONG_CREDENTIALS


async def test_only_the_owner_is_told_of_a_suspension(backend: Backend) -> None:
    person = await make_user(backend)
    async with backend.transaction(shard_of(person.id)) as transaction:
        await transaction.session.execute(
            text("UPDATE users SET state = 'SUSPENDED' WHERE id = :id"), {"id": person.id}
        )
    assert (await refusal(backend, person.username, person.password))[0] is UserErrorCode.NOT_ALLOWED
    assert (await refusal(backend, person.username, "wrong password"))[0] is UserErrorCode.WRONG_CREDENTIALS
    assert await sessions_of(backend, person) == 1


async def test_a_hash_of_other_parameters_is_renewed(backend: Backend) -> None:
    person = await make_user(backend)
    old = await Passwords(memory_kib=16, passes=2, threads=1).hash(person.password)
    async with backend.transaction(shard_of(person.id)) as transaction:
        await transaction.session.execute(
            text("UPDATE credentials SET password_hash = :hash WHERE user_id = :id"), {"hash": old, "id": person.id}
        )
    await refusal(backend, person.username, "wrong password")
    hash_of = "SELECT password_hash FROM credentials WHERE user_id = $1"
    [row] = await backend.reader().on_shard_of(person.id, hash_of, person.id)
    assert row["password_hash"] == old
    await enter(backend, person.username, person.password)
    [row] = await backend.reader().on_shard_of(person.id, hash_of, person.id)
    assert row["password_hash"] != old
    assert passwords(backend.settings).is_outdated(row["password_hash"]) is False
    await enter(backend, person.username, person.password)


async def test_the_time_does_not_tell_whether_there_is_such_an_account(settings: Settings) -> None:
    dear = settings.model_copy(update={"password_memory_kib": 8192, "password_passes": 4})
    backend = await Backend.open(dear)
    try:
        person = await make_user(backend)
        times: dict[str, list[float]] = {person.username: [], person.username + "x": []}
        for _ in range(15):
            for login, spent in times.items():
                begun = clock.monotonic()
                await refusal(backend, login, "wrong password")
                spent.append(clock.monotonic() - begun)
        there, not_there = (statistics.median(spent) for spent in times.values())
        # One verification takes most of the time; leaving it out would show as a fraction of it.
        assert 0.6 < there / not_there < 1.67
    finally:
        await backend.close()
