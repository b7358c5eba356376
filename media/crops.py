"""Pictures cut out of pictures that we trust, with a tone laid over them: the demo town's darkroom."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from media.vips import pyvips

QUALITY = 88
# What is enlarged further shows its pixels.
LARGEST_SCALE = 4.0
# Before it is enlarged: the same on the small picture costs a fraction of it on the large one.
_SHARPER = pyvips.Image.new_from_array([[-1, -1, -1], [-1, 16, -1], [-1, -1, -1]], scale=8)


class Tone(StrEnum):
    NATURAL = "NATURAL"
    MONO = "MONO"
    SEPIA = "SEPIA"
    COOL = "COOL"
    CLAY = "CLAY"
    MOSS = "MOSS"


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture, in its own pixels."""

    left: int
    top: int
    width: int
    height: int


# From black to white, by the lightness of the picture.
_DUOTONES: dict[Tone, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    Tone.MONO: ((0, 0, 0), (255, 255, 255)),
    Tone.SEPIA: ((34, 22, 12), (255, 240, 214)),
    Tone.COOL: ((8, 18, 38), (228, 240, 255)),
    Tone.CLAY: ((44, 14, 8), (240, 176, 140)),
    Tone.MOSS: ((10, 22, 8), (206, 226, 150)),
}


def cut(source: Path, box: Box, width: int, tone: Tone = Tone.NATURAL) -> bytes:
    """A JPEG of that part, `width` pixels wide, or as wide as it can be enlarged to. Raises pyvips.Error where the
    file cannot be read or the box is not within it."""
    image = pyvips.Image.new_from_file(str(source)).colourspace("srgb")[:3]
    image = image.crop(box.left, box.top, box.width, box.height)
    scale = min(width / box.width, LARGEST_SCALE)
    if scale > 1:
        image = image.conv(_SHARPER, precision="integer")
    if scale != 1:
        image = image.resize(scale, kernel="lanczos3")
    return bytes(_toned(image, tone).jpegsave_buffer(Q=QUALITY, keep="none"))


def _toned(image: Any, tone: Tone) -> Any:
    if tone is Tone.NATURAL:
        return image
    dark, light = _DUOTONES[tone]
    grey = image.colourspace("b-w")[0]
    spread = [(high - low) / 255 for low, high in zip(dark, light, strict=True)]
    return grey.bandjoin([grey, grey]).linear(spread, list(dark)).cast("uchar").copy(interpretation="srgb")
