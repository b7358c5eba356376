"""Colours by number, against what the standards say of single colours."""

import numpy as np
import pytest

from media.colours import to_srgb
from media.vips import pyvips


def shown(colour: tuple[int, ...], primaries: int, transfer: int) -> tuple[int, ...]:
    space = "b-w" if len(colour) < 3 else "srgb"
    image = pyvips.Image.new_from_array(np.full((2, 2, len(colour)), colour, dtype=np.uint8)).copy(interpretation=space)
    made = to_srgb(image, (primaries, transfer))
    assert (made.format, made.interpretation, made.bands) == ("uchar", space, len(colour))
    return tuple(int(value) for value in made.getpoint(0, 0))


@pytest.mark.parametrize(
    ("colour", "primaries", "transfer", "expected"),
    [
        # Nothing to do: sRGB, not said, television, reserved; grey has no primaries.
        ((200, 100, 60), 1, 13, (200, 100, 60)),
        ((200, 100, 60), 2, 2, (200, 100, 60)),
        ((200, 100, 60), 5, 6, (200, 100, 60)),
        ((200, 100, 60), 99, 99, (200, 100, 60)),
        ((200,), 12, 13, (200,)),
        # Display P3: as its profile has it. White and grey stay what they are.
        ((200, 100, 60), 12, 13, (214, 93, 46)),
        ((255, 255, 255), 12, 13, (255, 255, 255)),
        ((128, 128, 128), 9, 1, (128, 128, 128)),
        ((255, 0, 0), 12, 13, (255, 0, 0)),
        ((200, 100, 60, 77), 12, 13, (214, 93, 46, 77)),
        # Linear light.
        ((55, 55, 55), 1, 8, (128, 128, 128)),
        # PQ: 100 nits are 0.508 of the scale, which is half of paper's white; black is black.
        ((0, 0, 0), 9, 16, (0, 0, 0)),
        ((130, 130, 130), 9, 16, (188, 188, 188)),
        ((192, 192, 192), 9, 16, (255, 255, 255)),
        # HLG.
        ((0, 0, 0), 9, 18, (0, 0, 0)),
        ((255, 255, 255), 9, 18, (255, 255, 255)),
    ],
)
def test_a_colour(colour: tuple[int, ...], primaries: int, transfer: int, expected: tuple[int, ...]) -> None:
    assert shown(colour, primaries, transfer) == pytest.approx(expected, abs=2)


@pytest.mark.parametrize("transfer", [16, 18])
def test_more_light_is_never_darker(transfer: int) -> None:
    greys = [shown((value,) * 3, 9, transfer)[0] for value in range(256)]
    assert greys == sorted(greys)
    assert len(set(greys)) > 120
