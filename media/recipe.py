"""What is to be done to a picture before its variants are made of it, as its owner asked when it was finished."""

from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter

LONGEST_WATERMARK = 64
"""Characters."""

SMALLEST_CROP = 0.1
"""Of each side of a picture."""


class ImageFilter(StrEnum):
    """A look. Names are stored: never rename one."""

    NONE = "NONE"
    CLARENDON = "CLARENDON"
    GINGHAM = "GINGHAM"
    JUNO = "JUNO"
    LARK = "LARK"
    MOON = "MOON"
    NASHVILLE = "NASHVILLE"


@dataclass(frozen=True, slots=True)
class Crop:
    """The part of the upright original that is kept: its left and upper edge, width and height, as shares (0 to 1) of
    the original's."""

    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Adjust:
    """Each from -1 to 1; 0 leaves the picture as it is."""

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    warmth: float = 0.0
    vignette: float = 0.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """In the order in which it is done: crop, adjust, filter, watermark. `keep_location` is not about pixels: whether
    the place at which the picture was taken is kept, as data of its owner."""

    filter: ImageFilter = ImageFilter.NONE
    crop: Crop | None = None
    adjust: Adjust | None = None
    watermark: str | None = None
    keep_location: bool = False


PLAIN = Recipe()
RECIPE = TypeAdapter(Recipe)
