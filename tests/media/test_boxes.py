"""The boxes of a file: where each lies, and what is wrong with one that reaches too far."""

import struct

import pytest

from media.boxes import Box, BoxCutShort, BoxDamaged, LooseEnd, boxes
from media.budget import Budget
from media.errors import MediaRejected, RejectionReason


def box(kind: bytes, content: bytes = b"", size: int | None = None) -> bytes:
    return struct.pack(">I4s", 8 + len(content) if size is None else size, kind) + content


LARGE = struct.pack(">I4sQ", 1, b"mdat", 20) + b"\0" * 4
"""One that says its size in eight bytes."""


def walked(data: bytes, most: int = 10) -> list[Box]:
    return list(boxes(data, 0, len(data), Budget(most)))


def test_where_each_lies() -> None:
    data = box(b"ftyp", b"1234") + LARGE + box(b"free") + box(b"last", b"123", size=0)
    assert walked(data) == [
        Box(b"ftyp", 0, 8, 12),
        Box(b"mdat", 12, 28, 32),
        Box(b"free", 32, 40, 40),
        Box(b"last", 40, 48, 51),
    ]
    assert [one.kind for one in boxes(data, 12, 40, Budget(2))] == [b"mdat", b"free"]


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (box(b"free", size=9), BoxCutShort),
        (LARGE[:-1], BoxCutShort),
        (LARGE[:12], BoxCutShort),
        (box(b"free") + b"\0" * 4, LooseEnd),
        (box(b"free", size=7), BoxDamaged),
        (struct.pack(">I4sQ", 1, b"mdat", 15), BoxDamaged),
    ],
)
def test_what_is_wrong(data: bytes, fault: type[Exception]) -> None:
    with pytest.raises(fault) as caught:
        walked(data)
    assert caught.type is fault


def test_more_than_the_budget_allows() -> None:
    assert len(walked(box(b"free") * 3, most=3)) == 3
    with pytest.raises(MediaRejected) as caught:
        walked(box(b"free") * 4, most=3)
    assert caught.value.reason is RejectionReason.TOO_COMPLEX
