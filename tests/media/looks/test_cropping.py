"""Which pixels a share of a picture is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from media.looks.cropping import Box
from media.recipe import SMALLEST_CROP, Crop
from media.vips import pyvips


@pytest.mark.parametrize(
    ("size", "crop", "box"),
    [
        ((400, 300), None, (0, 0, 400, 300)),
        ((400, 300), Crop(0, 0, 1, 1), (0, 0, 400, 300)),
        ((400, 300), Crop(0.25, 0.5, 0.5, 0.25), (100, 150, 200, 75)),
        ((101, 99), Crop(0.5, 0.5, 0.5, 0.5), (50, 50, 51, 49)),
        ((3, 3), Crop(1 / 3, 1 / 3, 1 / 3, 1 / 3), (1, 1, 1, 1)),
        ((1, 1), Crop(0.9, 0.9, 0.1, 0.1), (0, 0, 1, 1)),
        ((4, 4), Crop(0.5, 0.9, 0.1, 0.1), (2, 3, 1, 1)),
        ((4032, 3024), Crop(0.1, 0.1, 0.1, 0.1), (403, 302, 403, 303)),
    ],
)
def test_whole_pixels(size: tuple[int, int], crop: Crop | None, box: tuple[int, int, int, int]) -> None:
    made = Box.of(*size, crop)
    assert (made.left, made.top, made.width, made.height) == box


@given(
    st.integers(1, 20_000),
    st.integers(1, 20_000),
    st.floats(0, 1 - SMALLEST_CROP),
    st.floats(0, 1 - SMALLEST_CROP),
    st.floats(SMALLEST_CROP, 1),
    st.floats(SMALLEST_CROP, 1),
)
def test_never_empty_and_never_beyond_the_edge(  # noqa: PLR0917  a picture and a crop
    width: int, height: int, x: float, y: float, across: float, down: float
) -> None:
    box = Box.of(width, height, Crop(x, y, min(across, 1 - x), min(down, 1 - y)))
    assert 0 <= box.left < box.left + box.width <= width
    assert 0 <= box.top < box.top + box.height <= height
    decoded = box.width_to_decode(min(1080, box.width), 1)
    assert decoded <= width
    # What is cut out of the decoded picture is exactly as wide as the largest variant.
    assert box.width * decoded // width >= min(1080, box.width)


@pytest.mark.parametrize(
    ("crop", "wanted", "decoded"),
    [
        (None, (1080, 150), 1080),
        (Crop(0, 0, 0.5, 1), (1080, 150), 2160),
        (Crop(0.5, 0.5, 0.1, 0.1), (400, 150), 4000),
        (Crop(0, 0, 1, 0.1), (1080, 150), 2000),  # 300 high: at 1,080 the part would have 81
    ],
)
def test_how_wide_the_whole_is_decoded(crop: Crop | None, wanted: tuple[int, int], decoded: int) -> None:
    assert Box.of(4000, 3000, crop).width_to_decode(*wanted) == decoded


def test_the_part_is_cut_out_of_what_was_made_smaller() -> None:
    box = Box.of(4000, 3000, Crop(0.5, 0.25, 0.5, 0.5))
    whole = pyvips.Image.xyz(2160, 1620)
    part = box.cut(whole)
    assert (part.width, part.height) == (1080, 810)
    assert part(0, 0) == [1080, 405]
    assert Box.of(4000, 3000, None).cut(whole) is whole
