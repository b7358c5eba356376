"""Filters, beside pictures that were looked at, and on flat colours."""

from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageStat

from media.looks.filters import RECIPES, filtered
from media.recipe import ImageFilter
from tests.media.looks.conftest import Colours, colour_of, flat, held, shown

REFERENCES = Path(__file__).parent / "references"
FILTERS = [name for name in ImageFilter if name is not ImageFilter.NONE]


@pytest.mark.parametrize("name", FILTERS)
def test_each_looks_like_its_reference(small: Image.Image, name: ImageFilter) -> None:
    made = shown(filtered(held(small), name))
    with Image.open(REFERENCES / f"{name.lower()}.png") as reference:
        apart = ImageStat.Stat(ImageChops.difference(made, reference.convert("RGB")))
    assert max(apart.mean) < 1
    assert max(high for _, high in apart.extrema) <= 4


@pytest.mark.parametrize("name", FILTERS)
def test_no_two_look_alike(small: Image.Image, name: ImageFilter) -> None:
    made = shown(filtered(held(small), name))
    for other in ImageFilter:
        far = ImageStat.Stat(ImageChops.difference(made, shown(filtered(held(small), other)))).mean
        assert (max(far) > 2) is (other is not name)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        # (127 - 127.5) × 0.9 + 127.5 = 127.05; divided by 1 less 34, 37, 63 of 255.
        (ImageFilter.LARK, (127, 127, 127), (147, 149, 169)),
        # 255 × 0.95 becomes 1 by dodging; four fifths of the way down to 242, from 255.
        (ImageFilter.LARK, (255, 255, 255), (245, 245, 245)),
        (ImageFilter.MOON, (0, 0, 0), (56, 56, 56)),
        (ImageFilter.MOON, (255, 255, 255), (255, 255, 255)),
        # 56 % of the way from white to the sheet; blue is lighter than 150 then.
        (ImageFilter.NASHVILLE, (255, 255, 255), (251, 211, 198)),
        # 40 % of the way from black to (0 70 150).
        (ImageFilter.NASHVILLE, (0, 0, 0), (0, 28, 60)),
        (ImageFilter.CLARENDON, (0, 0, 0), (0, 0, 0)),
        (ImageFilter.CLARENDON, (255, 255, 255), (255, 255, 255)),
        (ImageFilter.CLARENDON, (200, 80, 40), (255, 68, 0)),
        (ImageFilter.JUNO, (200, 80, 40), (253, 81, 12)),
        (ImageFilter.GINGHAM, (200, 80, 40), (234, 130, 122)),
        (ImageFilter.NONE, (1, 2, 3), (1, 2, 3)),
    ],
)
def test_flat_colours(name: ImageFilter, before: Colours, after: Colours) -> None:
    assert colour_of(filtered(held(flat(before)), name)) == after


def test_moon_is_grey(small: Image.Image) -> None:
    red, green, blue = shown(filtered(held(small), ImageFilter.MOON)).split()
    assert red.tobytes() == green.tobytes() == blue.tobytes()


@pytest.mark.parametrize("name", ImageFilter)
def test_what_is_transparent_stays_so(name: ImageFilter) -> None:
    for alpha in (0, 77, 255):
        *colours, kept = colour_of(filtered(held(flat((200, 80, 40, alpha))), name))
        assert kept == alpha
        assert tuple(colours) == colour_of(filtered(held(flat((200, 80, 40))), name))


def test_every_filter_has_a_recipe() -> None:
    assert list(RECIPES) == list(ImageFilter)
