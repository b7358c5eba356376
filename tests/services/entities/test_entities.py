import time
import unicodedata
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UserErrorCode, UserFault
from services.entities import (
    HASHTAG_LENGTH,
    MOST_HASHTAGS,
    MOST_MENTIONS,
    Entity,
    EntityKind,
    checked_entities,
    entities_of,
    hashtag_name,
)
from tests.services.entities.entity_table import TABLE, WORDS
from tests.services.entities.r8 import ALPHABET, hashtags

TOKENS = [
    "#",
    "@",
    "＃",
    "＠",
    ".",
    ",",
    "-",
    "_",
    "+",
    "*",
    "(",
    ")",
    "[",
    "]",
    '"',
    "'",
    "!",
    "?",
    "/",
    ":",
    ";",
    "&",
    "=",
    "a",
    "b1",
    "é",
    "م",
    "क",
    "्",
    "あ",
    "한",
    "ー",
    "👩",
    "🏽",
    "»",
    "。",
    "।",
    "xn--",
    "xn--a.",
    "www.",
    ".com",
    ".co",
    "https://",
    "http://",
    "mailto:",
    "a@b.com",
    "example.com",
    "https://a.co/x",
    "@anna",
    "#tag",
]
texts = st.lists(st.sampled_from([*TOKENS, *" \n\u200d\u200c\ufe0f\u20e3\u200f"]), max_size=14).map("".join) | st.text(
    max_size=30
)


def found(text: str) -> list[tuple[int, int, str, str]]:
    return [(entity.start, entity.end, entity.kind.value, entity.value) for entity in entities_of(text)]


def moved(entities: Sequence[Entity], by: int) -> list[Entity]:
    return [Entity(one.start + by, one.end + by, one.kind, one.value) for one in entities]


@pytest.mark.parametrize(("text", "expected"), TABLE, ids=ascii)
def test_a_text_has_the_entities_of_the_table(text: str, expected: list[tuple[int, int, str, str]]) -> None:
    assert found(text) == expected


def test_the_table_is_as_large_as_it_should_be() -> None:
    assert len({text for text, _ in TABLE}) >= 200
    scripts = {unicodedata.name(word[0]).split(" ")[0] for word, _, _ in WORDS.values()}
    assert len(scripts - {"WOMAN"}) >= 12


@given(st.text(ALPHABET, max_size=40))
def test_hashtags_are_those_of_the_published_rule(text: str) -> None:
    assert [(one.start, one.end) for one in entities_of(text) if one.kind is EntityKind.HASHTAG] == hashtags(text)


@given(texts)
def test_entities_are_in_the_text_in_order_and_apart(text: str) -> None:
    free_from = 0
    for entity in entities_of(text):
        assert free_from <= entity.start < entity.end <= len(text)
        free_from = entity.end


@given(texts)
def test_an_entity_alone_is_the_same_entity(text: str) -> None:
    for entity in entities_of(text):
        assert entities_of(text[entity.start : entity.end]) == moved([entity], -entity.start)


@given(texts, texts)
def test_two_texts_with_a_space_between_keep_their_entities(left: str, right: str) -> None:
    assert entities_of(f"{left} {right}") == entities_of(left) + moved(entities_of(right), len(left) + 1)


@given(st.text(ALPHABET, max_size=20) | st.text(max_size=20))
def test_the_name_of_a_hashtag_is_its_own_name(text: str) -> None:
    name = hashtag_name(text)
    if name is not None:
        assert hashtag_name(name) == name
        assert found(f"#{name}") == [(0, len(name) + 1, "HASHTAG", name)]
        assert found(f"#{text}") == [(0, len(text) + 1, "HASHTAG", name)]


def test_every_character_that_may_be_in_a_hashtag_has_one_name() -> None:
    for code in range(0x110000):
        name = hashtag_name("a" + chr(code))
        assert name is None or hashtag_name(name) == name, hex(code)


def test_a_name_is_at_most_a_hundred_code_points() -> None:
    longest = "字" * HASHTAG_LENGTH
    assert found(f"#{longest}") == [(0, 101, "HASHTAG", longest)]
    assert found(f"#{longest}字 #a") == [(103, 105, "HASHTAG", "a")]
    assert hashtag_name("ﬃ" * 34) is None, "102 letters once they are taken apart"


@pytest.mark.parametrize(("sign", "most"), [("#", MOST_HASHTAGS), ("@", MOST_MENTIONS)])
def test_too_many_are_refused_at_the_field(sign: str, most: int) -> None:
    fits = " ".join(f"{sign}a{number}" for number in range(most))
    assert len(checked_entities(fits, "caption")) == most
    assert len(checked_entities(f"{fits} {sign}A0", "caption")) == most + 1, "a name counts once"
    with pytest.raises(UserFault) as refused:
        checked_entities(f"{fits} {sign}b", "input", "caption")
    assert (refused.value.code, refused.value.field) == (UserErrorCode.TOO_LONG, ("input", "caption"))
    assert str(most) in refused.value.message


HOSTILE = (
    "#",
    "@",
    ".",
    "(",
    "[",
    "{",
    "-",
    "»",
    "'",
    '"',
    "#\ufe0f",
    "\ufe0f",
    "a.",
    "a@",
    "@a.",
    "a-",
    "a.co/((",
    "https://",
    "xn--a.",
    "xn--",
    "https://xn--a.",
    "https://a.co/(",
    "www.",
    "|www.",
    "=www.",
    "www.+",
    "a@b.com ",
    "a.com,",
    "mailto:",
    "م\u200c",
    "\U0001f3f4\U000e0067",
    "\u0300",
    "éhttps://",
    "https://a.co/x,",
    f"{'a' * 62}.",
    "$+$www.",
    "1.",
    "#a",
    "@a",
    "🏳️\u200d",
    "'a",
    "|a.com\u200c|",
    "。a.co",
)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("end", ["", "-", ".com", "@"])
@pytest.mark.parametrize("start", ["", "https://", "https://a.co/"])
@pytest.mark.parametrize("unit", HOSTILE, ids=ascii)
def test_hostile_text_takes_no_longer_than_a_fraction_of_a_second(unit: str, start: str, end: str) -> None:
    text = (start + unit * 2200)[: 2200 - len(end)] + end
    before = time.process_time()
    entities_of(text)
    assert time.process_time() - before < 0.25, "milliseconds where nothing is tried twice, forever where it is"
