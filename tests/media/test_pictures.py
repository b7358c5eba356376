"""What is made of a picture, by its size alone."""

import pytest

from media.pictures import FORMATS, ImageFormat, planned_variants, square_side


@pytest.mark.parametrize(
    ("width", "height", "side"),
    [
        (4000, 3000, 150),
        (150, 151, 150),
        (149, 4000, 149),
        (4000, 20, 20),
        (1, 2, 1),
        (1080, 1080, None),
        (150, 150, None),
        (1, 1, None),
    ],
)
def test_the_side_of_the_square(width: int, height: int, side: int | None) -> None:
    assert square_side(width, height) == side


@pytest.mark.parametrize(
    ("width", "height", "planned"),
    [
        (4000, 3000, [(150, False), (320, False), (640, False), (1080, False), (150, True)]),
        (4000, 4000, [(150, False), (320, False), (640, False), (1080, False)]),
        (600, 400, [(150, False), (320, False), (600, False), (150, True)]),
        (320, 90, [(150, False), (320, False), (90, True)]),
        (1, 1, [(1, False)]),
    ],
)
def test_what_is_planned(width: int, height: int, planned: list[tuple[int, bool]]) -> None:
    wanted = [(form, one, is_square) for one, is_square in planned for form in FORMATS]
    assert planned_variants(width, height) == wanted
    assert len(set(wanted)) == len(wanted)


def test_every_picture_is_made_in_every_format() -> None:
    assert set(FORMATS) == set(ImageFormat)
