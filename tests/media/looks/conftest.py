"""Pictures as libvips holds them, from and to Pillow."""

from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from media.vips import pyvips

Colours = tuple[int, ...]


def held(picture: Image.Image) -> Any:
    """As it comes out of `decode`: 8-bit sRGB, with or without alpha."""
    made = pyvips.Image.new_from_memory(
        picture.tobytes(), picture.width, picture.height, len(picture.getbands()), "uchar"
    )
    return made.copy(interpretation="srgb")


def shown(image: Any) -> Image.Image:
    assert (image.format, image.interpretation) == ("uchar", "srgb")
    return Image.frombytes("RGBA" if image.bands == 4 else "RGB", (image.width, image.height), image.write_to_memory())


@pytest.fixture(scope="session")
def small(photograph: Callable[[str], Image.Image]) -> Image.Image:
    """A cup of coffee, 60 pixels wide."""
    return photograph("coffee.png").resize((60, 40), Image.Resampling.LANCZOS)


def flat(colours: Colours) -> Image.Image:
    return Image.new("RGBA" if len(colours) == 4 else "RGB", (3, 3), colours)


def colour_of(image: Any) -> Colours:
    value = shown(image).getpixel((1, 1))
    assert isinstance(value, tuple)
    return tuple(int(one) for one in value)
