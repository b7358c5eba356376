import re
from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserErrorCode, UserFault
from services.accounts.names import RESERVED, checked_email, checked_username, username_in

CONTRACT = re.compile(r"(?!\.)(?!.*\.\.)[a-z0-9._]{1,30}(?<!\.)", re.ASCII)


def refusal(username: str) -> UserErrorCode | None:
    try:
        checked_username(username, "username")
    except UserFault as fault:
        return fault.code if fault.field == ("username",) else None
    return None


@given(st.text(max_size=40) | st.text(ascii_letters + digits + "._", max_size=40))
def test_what_is_taken_is_exactly_what_the_rule_says(text: str) -> None:
    fits = text.isascii() and CONTRACT.fullmatch(text.lower()) and text.lower() not in RESERVED
    assert (refusal(text) is None) == bool(fits)


@given(st.text(ascii_letters + digits + "._", min_size=1, max_size=30))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    if refusal(text) is None:
        once = checked_username(text)
        assert checked_username(once) == once == checked_username(text.upper()) == username_in(text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", UserErrorCode.TOO_SHORT),
        ("a" * 31, UserErrorCode.TOO_LONG),
        ("a b", UserErrorCode.INVALID),
        (" ada", UserErrorCode.INVALID),
        ("ada\n", UserErrorCode.INVALID),
        ("ada\x00", UserErrorCode.INVALID),
        ("ådä", UserErrorCode.INVALID),
        ("\N{KELVIN SIGN}ate", UserErrorCode.INVALID),
        ("\N{CYRILLIC SMALL LETTER A}da", UserErrorCode.INVALID),
        (".ada", UserErrorCode.INVALID),
        ("ada.", UserErrorCode.INVALID),
        ("a..a", UserErrorCode.INVALID),
        (".", UserErrorCode.INVALID),
        ("Admin", UserErrorCode.TAKEN),
        ("a" * 30, None),
        ("_", None),
        ("A.d_4", None),
    ],
)
def test_each_refusal_has_its_code(text: str, code: UserErrorCode | None) -> None:
    assert refusal(text) == code


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        (" ada@example.com ", "ada@example.com"),
        ("ada+photos@example.com", "ada+photos@example.com"),
        ("ada@xn--bcher-kva.example.com", "ada@bücher.example.com"),
        ("ada@BÜCHER.example.com", "ada@bücher.example.com"),
    ],
)
def test_an_address_has_one_form(typed: str, kept: str) -> None:
    assert checked_email(typed, "email", allow_test_domain=False) == kept


@pytest.mark.parametrize("typed", ["", "ada", "ada@", "@example.com", "a b@example.com", "ada@localhost", "a\x00@b.it"])
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(UserFault) as refused:
        checked_email(typed, "email", allow_test_domain=True)
    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("email",))


def test_an_address_of_endless_length_is_not_looked_at() -> None:
    with pytest.raises(UserFault) as refused:
        checked_email("a" * 1_000_000 + "@example.com", "email", allow_test_domain=False)
    assert refused.value.code is UserErrorCode.TOO_LONG


def test_the_test_domain_is_taken_where_it_is_allowed() -> None:
    assert checked_email("ada@mail.test", allow_test_domain=True) == "ada@mail.test"
    with pytest.raises(UserFault):
        checked_email("ada@mail.test", allow_test_domain=False)
