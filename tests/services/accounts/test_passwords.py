import asyncio
from unittest.mock import ANY

import pytest
from argon2 import extract_parameters

from core.errors import RequestFault, UserErrorCode, UserFault
from services.accounts import passwords as module
from services.accounts.passwords import Passwords, checked_password

CHEAP = Passwords(memory_kib=8, passes=1, threads=1)


async def test_a_password_fits_its_own_hash_alone() -> None:
    stored = await CHEAP.hash("correct horse")
    assert await CHEAP.verify(stored, "correct horse") is True
    assert await CHEAP.verify(stored, "Correct horse") is False
    assert await CHEAP.verify(stored, "correct horse ") is False
    assert await CHEAP.verify("no hash at all", "correct horse") is False
    assert await CHEAP.verify(stored, "\ud800") is False


async def test_hashes_are_argon2id_with_the_parameters_given() -> None:
    parameters = extract_parameters(await CHEAP.hash("correct horse"))
    assert (parameters.type.name, parameters.memory_cost, parameters.time_cost) == ("ID", 8, 1)


async def test_nothing_fits_where_nothing_is_stored() -> None:
    assert await CHEAP.verify(None, "correct horse") is False
    assert await CHEAP.verify(None, "") is False


async def test_a_hash_of_other_parameters_is_outdated() -> None:
    stored = await CHEAP.hash("correct horse")
    assert CHEAP.is_outdated(stored) is False
    stronger = Passwords(memory_kib=16, passes=1, threads=1)
    assert stronger.is_outdated(stored) is True
    assert await stronger.verify(stored, "correct horse") is True


async def test_the_event_loop_goes_on_while_a_password_is_hashed() -> None:
    dear = Passwords(memory_kib=65_536, passes=8, threads=1)
    hashing = asyncio.create_task(dear.hash("correct horse"))
    turns = 0
    while not hashing.done():
        await asyncio.sleep(0.001)
        turns += 1
    assert turns > 10


async def test_who_waits_too_long_in_line_is_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WAITING", 2)
    answers = await asyncio.gather(*(CHEAP.hash("correct horse") for _ in range(3)), return_exceptions=True)
    assert answers == [ANY, ANY, answers[2]]
    assert isinstance(answers[2], RequestFault)
    assert answers[2].code == "RATE_LIMITED"
    assert await CHEAP.hash("correct horse")


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("1234567", UserErrorCode.TOO_SHORT),
        ("x" * 257, UserErrorCode.TOO_LONG),
        ("12345678\ud800", UserErrorCode.INVALID),
    ],
)
def test_what_cannot_be_a_password(password: str, code: UserErrorCode) -> None:
    with pytest.raises(UserFault) as refused:
        checked_password(password, "password")
    assert (refused.value.code, refused.value.field) == (code, ("password",))


@pytest.mark.parametrize("password", ["12345678", "x" * 256, "        ", "\N{GRINNING FACE}" * 8, "null\x00byte"])
def test_anything_else_can(password: str) -> None:
    assert checked_password(password) == password
