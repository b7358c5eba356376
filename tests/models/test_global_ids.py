"""The ids that clients see, and the names of posts in links."""

import base64

import pytest

from core.errors import RequestFault
from models.global_ids import NodeKind, decode, decode_as, decode_shortcode, encode, encode_shortcode
from models.ids import MAX_ID

NUMBERS = [0, 1, (1 << 40) - 1, 0x0000FBEFBE000000, MAX_ID]


@pytest.mark.parametrize("kind", NodeKind)
@pytest.mark.parametrize("number", NUMBERS)
def test_an_id_is_read_as_it_was_given_out(kind: NodeKind, number: int) -> None:
    assert decode(encode(kind, number)) == (kind, number)
    assert decode_as(kind, encode(kind, number)) == number


def test_an_id_of_another_kind_is_no_number() -> None:
    assert decode_as(NodeKind.USER, encode(NodeKind.POST, 5)) is None


STRANGE = encode(NodeKind.POST, 0x0000FBEFBE000000)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "é" * 12,
        STRANGE[:-1],
        STRANGE + "=",
        STRANGE[:-1] + "\n",
        # The other alphabet of base64, which the library reads as well: one thing would have two ids.
        STRANGE.replace("-", "+"),
        encode(NodeKind.POST, MAX_ID).replace("_", "/"),
        base64.urlsafe_b64encode(b"\2" + bytes(7)).decode(),
        encode(0, 5),
        encode(99, 5),
        encode(NodeKind.POST, MAX_ID + 1),
    ],
)
def test_what_is_never_given_out_is_a_bad_id(text: str) -> None:
    with pytest.raises(RequestFault) as refused:
        decode(text)
    assert refused.value.code == "BAD_ID"


def test_a_shortcode_is_read_as_it_was_given_out() -> None:
    for number in NUMBERS:
        assert decode_shortcode(encode_shortcode(number)) == number


@pytest.mark.parametrize(
    "text", ["", "x", "é" * 11, "A" * 12, "A" * 10 + "B", encode_shortcode(MAX_ID).replace("_", "/"), "_" * 11]
)
def test_what_is_no_shortcode_names_nothing(text: str) -> None:
    assert decode_shortcode(text) is None
