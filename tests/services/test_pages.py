import base64

import pytest

from core.errors import RequestErrorCode, RequestFault
from services.pages import decode_cursor, encode_cursor


def test_a_cursor_is_read_as_it_was_made() -> None:
    for numbers in ((0,), (-7,), (2**63 - 1,), (1, 2), (1, 2, 3, 4, 5, 6)):
        assert decode_cursor(encode_cursor(*numbers), len(numbers)) == numbers


def test_a_cursor_does_not_tell_what_it_holds() -> None:
    """Of a page that is left short it holds the id of somebody who was not shown."""
    hidden = 123_456_789_012_345_678
    for cursor in (encode_cursor(hidden), encode_cursor(7, hidden)):
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        for order in ("big", "little"):
            assert hidden.to_bytes(8, order) not in raw
    ends = {encode_cursor(number)[-8:] for number in range(100)}
    assert len(ends) == 100


def test_nobody_else_makes_a_cursor() -> None:
    """Whoever could would look for what is hidden between any two places of a list."""
    made = encode_cursor(1, 2)
    changed = ("B" if made[3] == "A" else "A").join((made[:3], made[4:]))
    plain = base64.urlsafe_b64encode((1).to_bytes(8, "big") + (2).to_bytes(8, "big")).decode().rstrip("=")
    for forged in (changed, plain, made[:-4], made + "AAAA", "", "?", "é", "A" * 10_000):
        with pytest.raises(RequestFault) as raised:
            decode_cursor(forged, 2)
        assert raised.value.code is RequestErrorCode.BAD_REQUEST
    with pytest.raises(RequestFault):
        decode_cursor(made, 1)
