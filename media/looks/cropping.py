"""Which part of a picture is shown, in whole pixels."""

from dataclasses import dataclass
from typing import Any, Self

from media.recipe import Crop


@dataclass(frozen=True, slots=True)
class Box:
    """A part of a picture of `full_width` by `full_height`, in its pixels."""

    left: int
    top: int
    width: int
    height: int
    full_width: int
    full_height: int

    @classmethod
    def of(cls, width: int, height: int, crop: Crop | None) -> Self:
        """Edges are rounded to the nearest pixel; at least one is left between them."""
        if crop is None:
            return cls(0, 0, width, height, width, height)
        left, right = _edges(crop.x, crop.width, width)
        top, bottom = _edges(crop.y, crop.height, height)
        return cls(left, top, right - left, bottom - top, width, height)

    def width_to_decode(self, wanted_width: int, wanted_height: int) -> int:
        """How wide the whole is to be decoded so that this part has so many pixels, if it has them at all."""
        for_width = -(-wanted_width * self.full_width // self.width)
        for_height = -(-wanted_height * self.full_width // self.height)
        return min(self.full_width, max(for_width, for_height))

    def cut(self, image: Any) -> Any:
        """This part of the whole picture, which may have been made smaller."""
        if (self.width, self.height) == (self.full_width, self.full_height):
            return image
        left = self.left * image.width // self.full_width
        width = max(1, self.width * image.width // self.full_width)
        top = self.top * image.height // self.full_height
        height = max(1, min(image.height - top, round(self.height * image.height / self.full_height)))
        return image.crop(left, top, width, height)


def _edges(start: float, length: float, size: int) -> tuple[int, int]:
    first = min(round(start * size), size - 1)
    return first, min(max(round((start + length) * size), first + 1), size)
