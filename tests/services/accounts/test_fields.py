from collections.abc import Callable

import pytest

from core.errors import UserErrorCode, UserFault
from services.accounts.fields import checked_bio, checked_full_name, checked_pronouns, checked_website


@pytest.mark.parametrize(
    ("check", "limit"),
    [(checked_full_name, 64), (checked_bio, 150), (checked_pronouns, 30)],
    ids=["name", "bio", "pronouns"],
)
def test_limits_are_code_points(check: Callable[[str], str | None], limit: int) -> None:
    assert check("\N{GRINNING FACE}" * limit) == "\N{GRINNING FACE}" * limit
    with pytest.raises(UserFault) as refused:
        check("x" * (limit + 1))
    assert refused.value.code is UserErrorCode.TOO_LONG


def test_text_is_composed_and_trimmed() -> None:
    assert checked_full_name("  Zoe\N{COMBINING DIAERESIS}  ") == "Zo\N{LATIN SMALL LETTER E WITH DIAERESIS}"
    assert checked_bio(" one\r\ntwo\n") == "one\ntwo"
    assert checked_pronouns("  ") is None


@pytest.mark.parametrize("text", ["a\x00b", "a\nb", "a\x1bb", "a\ud800b"])
def test_what_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(UserFault) as refused:
        checked_full_name(text)
    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("fullName",))


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com",
        "http://example.com:8080/a/b?c=d#e",
        "https://bücher.example",
        "HTTPS://EXAMPLE.com/",
        "https://[::1]/",
    ],
)
def test_a_website_stays_as_typed(address: str) -> None:
    assert checked_website(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    [
        "example.com",
        "javascript:alert(1)",
        "ftp://example.com",
        "https://",
        "https:///path",
        "https://a b.com",
        "https://user:pass@example.com",
        "https://example.com@evil.com",
        "https://example.com:99999",
        "https://example.com:x",
        'https://example.com/"onclick',
        "https://[",
        "https://example.com/\x00",
        "\\\\evil.com",
        "https://ex\u200bample.com",
        "https://example.com/\u202egpj.exe",
    ],
)
def test_what_is_no_address_on_the_web_is_refused(address: str) -> None:
    with pytest.raises(UserFault) as refused:
        checked_website(address)
    assert (refused.value.code, refused.value.field) == (UserErrorCode.INVALID, ("website",))


def test_a_website_of_200_characters_is_the_longest() -> None:
    longest = "https://example.com/" + "a" * 180
    assert checked_website(longest) == longest
    with pytest.raises(UserFault) as refused:
        checked_website(longest + "a")
    assert refused.value.code is UserErrorCode.TOO_LONG
    assert checked_website("") is None
