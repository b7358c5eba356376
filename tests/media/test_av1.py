"""What AV1 says of the size of its frames, by headers as encoders write them and as they may be written."""

import io

import pytest
from PIL import Image

from media.av1 import coded_sizes
from tests.media.av1s import DELIMITER, FRAME, REDUCED, SEQUENCE, bits, size, unit

PLAIN = [(0, 3), (0, 1), (0, 1), (0, 1), (0, 1), (0, 5), (0, 12), (7, 5)]
TIMED = [
    (0, 3),
    (0, 1),
    (0, 1),
    (1, 1),
    (1, 32),
    (30, 32),
    (1, 1),
    (0b00101, 5),
    (0, 1),
    (0, 1),
    (0, 5),
    (0, 12),
    (0, 5),
]
MODELLED = [
    *[(0, 3), (0, 1), (0, 1), (1, 1), (1, 32), (30, 32), (0, 1)],
    *[(1, 1), (9, 5), (1, 32), (4, 5), (4, 5)],
    *[(1, 1), (1, 5)],
    *[(0, 12), (8, 5), (1, 1), (1, 1), (1023, 10), (1023, 10), (1, 1), (1, 1), (15, 4)],
    *[(0, 12), (0, 5), (0, 1), (0, 1)],
]


@pytest.mark.parametrize("header", [REDUCED, PLAIN, TIMED, MODELLED])
def test_every_form_of_a_header(header: list[tuple[int, int]]) -> None:
    data = unit(SEQUENCE, bits(*header, *size(40_000, 30_001)))
    assert list(coded_sizes(data, 0, len(data))) == [(40_000, 30_001)]
    data = unit(SEQUENCE, bits(*header, *size(8, 3, 3)))
    assert list(coded_sizes(data, 0, len(data))) == [(8, 3)]


@pytest.mark.parametrize("picture", [(1, 1), (600, 400), (1001, 33)])
def test_what_an_encoder_writes(picture: tuple[int, int]) -> None:
    written = io.BytesIO()
    Image.new("RGB", picture).save(written, "AVIF")
    data = written.getvalue()
    assert list(coded_sizes(data, data.index(b"mdat") + 4, len(data))) == [None, picture, None]


def test_a_header_behind_others() -> None:
    first, second = (unit(SEQUENCE, bits(*REDUCED, *size(*one))) for one in ((64, 64), (9000, 8000)))
    data = unit(DELIMITER, b"") + first + unit(FRAME, bytes(5000), extension=b"\0") + second[:1] + second[1:]
    assert list(coded_sizes(b"xx" + data, 2, 2 + len(data))) == [None, (64, 64), None, (9000, 8000)]
    last = unit(SEQUENCE, bits(*REDUCED, *size(70, 80)), has_size=False)
    assert list(coded_sizes(first + last, 0, len(first + last))) == [(64, 64), (70, 80)]


@pytest.mark.parametrize(
    "data",
    [b"", b"\x0a", b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x01", b"\x0a\x05abcd", b"\x0e\0\x80", b"\x0c"],
    ids=["nothing", "no size", "a size without end", "cut", "cut size", "cut extension"],
)
def test_what_makes_no_sense_ends_it(data: bytes) -> None:
    assert list(coded_sizes(data, 0, len(data))) == []


def test_behind_the_end_of_a_header_are_zeros() -> None:
    assert list(coded_sizes(unit(SEQUENCE, b""), 0, 3)) == [(1, 1)]
