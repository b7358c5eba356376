"""Sliders, at their ends beside pictures that were looked at, and on flat colours."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageStat

from media.looks.sliders import adjusted
from media.recipe import Adjust
from tests.media.looks.conftest import Colours, colour_of, flat, held, shown

REFERENCES = Path(__file__).parent / "references"
SLIDERS = ("brightness", "contrast", "saturation", "warmth", "vignette")
BROWN = (200, 80, 40)


@pytest.mark.parametrize("slider", SLIDERS)
@pytest.mark.parametrize(("end", "value"), [("least", -1), ("most", 1)])
def test_each_end_looks_like_its_reference(small: Image.Image, slider: str, end: str, value: int) -> None:
    made = shown(adjusted(held(small), moved(slider, value)))
    with Image.open(REFERENCES / f"{slider}-{end}.png") as reference:
        apart = ImageStat.Stat(ImageChops.difference(made, reference.convert("RGB")))
    assert max(apart.mean) < 1
    assert max(high for _, high in apart.extrema) <= 4


def moved(slider: str, value: float) -> Adjust:
    places: dict[str, Any] = {slider: value}
    return Adjust(**places)


@pytest.mark.parametrize(
    ("slider", "value", "before", "after"),
    [
        ("brightness", -1, (0, 128, 255), (0, 64, 255)),  # 255 × (128 / 255)²
        ("brightness", 1, (0, 128, 255), (0, 181, 255)),  # 255 × √(128 / 255)
        ("contrast", -1, (0, 127, 255), (64, 127, 191)),
        ("contrast", 1, (0, 100, 255), (0, 73, 255)),  # 127.5 - 2 × 27.5 = 72.5
        ("contrast", 0.5, BROWN, (230, 60, 4)),  # 127.5 + √2 × 72.5, - 47.5, - 87.5
        ("saturation", -1, BROWN, (103, 103, 103)),  # 0.213 × 200 + 0.715 × 80 + 0.072 × 40
        ("saturation", 1, BROWN, (255, 57, 0)),  # 2 × 80 - 102.68
        ("saturation", 1, (90, 90, 90), (90, 90, 90)),
        ("warmth", 1, (100, 100, 100), (120, 100, 80)),
        ("warmth", -1, (100, 100, 100), (80, 100, 120)),
        ("warmth", 0.5, (255, 255, 255), (255, 255, 230)),
    ],
)
def test_flat_colours(slider: str, value: float, before: Colours, after: Colours) -> None:
    assert colour_of(adjusted(held(flat(before)), moved(slider, value))) == after


def test_at_rest_they_change_nothing(small: Image.Image) -> None:
    assert shown(adjusted(held(small), Adjust())).tobytes() == small.tobytes()


def test_one_after_the_other() -> None:
    """Brightness, contrast, warmth, saturation: in another order another colour would come of it."""
    made = colour_of(adjusted(held(flat((64, 64, 64))), Adjust(brightness=1, contrast=1, warmth=1, saturation=-1)))
    # √: 127.75; twice from the middle: 128; 153.6, 128, 102.4; as grey 0.213 × 154 + 0.715 × 128 + 0.072 × 102.
    assert made == (132, 132, 132)


@pytest.mark.parametrize(("value", "corner"), [(1, 0.3), (0.5, 0.65)])
def test_a_vignette_darkens_towards_the_corners(value: float, corner: float) -> None:
    made = shown(adjusted(held(Image.new("RGB", (301, 201), (200, 200, 200))), Adjust(vignette=value)))
    assert made.getpixel((150, 100)) == (200, 200, 200)
    # 30 % of the way to a corner nothing is changed yet.
    assert made.getpixel((150 + 44, 100 + 29)) == (200, 200, 200)
    corners = {made.getpixel(place) for place in ((0, 0), (300, 0), (0, 200), (300, 200))}
    assert len(corners) == 1
    red, *_ = next(iter(corners))  # type: ignore[misc]
    assert abs(red - 200 * corner) < 3
    row = [made.getpixel((x, 100))[0] for x in range(151)]  # type: ignore[index]
    assert row == sorted(row)


def test_a_vignette_the_other_way_lightens() -> None:
    made = shown(adjusted(held(Image.new("RGB", (301, 201), (55, 55, 55))), Adjust(vignette=-1)))
    assert made.getpixel((150, 100)) == (55, 55, 55)
    red, *_ = made.getpixel((0, 0))  # type: ignore[misc]
    assert abs(red - (55 + 0.7 * 200)) < 3


@pytest.mark.parametrize("slider", SLIDERS)
def test_what_is_transparent_stays_so(slider: str) -> None:
    for alpha in (0, 77, 255):
        *colours, kept = colour_of(adjusted(held(flat((*BROWN, alpha))), moved(slider, 0.7)))
        assert kept == alpha
        assert tuple(colours) == colour_of(adjusted(held(flat(BROWN)), moved(slider, 0.7)))
