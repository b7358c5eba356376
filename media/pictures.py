"""What is said about pictures between the rooms, without libvips."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Self

from core.settings import Settings

VARIANT_WIDTHS = (150, 320, 640, 1080)
"""Widths of the pictures that are made of an original, in pixels."""

SQUARE = 150
"""Side of the square picture that is made of an original which is none, in pixels."""


class MediaKind(StrEnum):
    IMAGE = "IMAGE"
    VIDEO = "VIDEO"


class ImageFormat(StrEnum):
    JPEG = "JPEG"
    WEBP = "WEBP"
    AVIF = "AVIF"

    @property
    def content_type(self) -> str:
        return f"image/{self.value.lower()}"

    @property
    def extension(self) -> str:
        return "jpg" if self is ImageFormat.JPEG else self.value.lower()


FORMATS = (ImageFormat.JPEG, ImageFormat.WEBP, ImageFormat.AVIF)
"""In which every picture is made."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one picture may have: bytes of the file, width times height, width and height, frames."""

    max_bytes: int
    max_pixels: int
    max_side: int
    max_frames: int = 1_000

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(
            max_bytes=settings.upload_max_bytes,
            max_pixels=settings.image_max_pixels,
            max_side=settings.image_max_side,
        )


@dataclass(frozen=True, slots=True)
class Probed:
    """What a file's headers say. Width and height are of the upright picture, in pixels.

    `orientation` is EXIF's, 1 to 8; always 1 of HEIC and AVIF, which come upright out of their decoders. `captured_at`
    is in UTC where the camera noted its zone; where it did not, its local time is taken for UTC. Latitude and longitude
    are in degrees, north and east positive; both or neither.
    """

    kind: MediaKind
    mime: str
    width: int
    height: int
    orientation: int
    pages: int
    captured_at: datetime | None
    camera: str | None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One picture made of an original, lying at `path`. `is_square` for the square one, which is cut to be so."""

    format: ImageFormat
    width: int
    height: int
    bytes: int
    path: Path
    is_square: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """What an original's file said of itself, for its owner alone. Width and height are upright; `pages` is the number
    of frames of an animation. `captured_at` is in UTC; latitude and longitude in degrees."""

    mime: str
    width: int
    height: int
    pages: int = 1
    captured_at: datetime | None = None
    camera: str | None = None
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """Everything made of an original. Width and height are of what is shown of it, upright, in pixels."""

    width: int
    height: int
    blurhash: str
    variants: list[Variant]
    source: Source


def variant_widths(width: int) -> list[int]:
    """Ascending widths of the variants of an original this wide: never enlarged, none twice."""
    smaller = [target for target in VARIANT_WIDTHS if target < width]
    return [*smaller, width] if len(smaller) < len(VARIANT_WIDTHS) else smaller


def square_side(width: int, height: int) -> int | None:
    """Of the square variant, in pixels: never enlarged. None for a picture that is square itself."""
    return None if width == height else min(SQUARE, width, height)


def planned_variants(width: int, height: int) -> list[tuple[ImageFormat, int, bool]]:
    """What is made of a picture of which so much is shown: format, width, whether it is the square one, in the order in
    which it is made. 15 of a photograph, 12 of a square one, fewer of what is less than 1,080 pixels wide."""
    planned = [(image_format, one, False) for one in variant_widths(width) for image_format in FORMATS]
    side = square_side(width, height)
    return planned if side is None else [*planned, *((image_format, side, True) for image_format in FORMATS)]
