"""Parts of pictures, enlarged and toned."""

import io
from pathlib import Path

import pytest
from PIL import Image

from media.crops import Box, Tone, cut


@pytest.fixture
def quarters(tmp_path: Path) -> Path:
    """200×100: red, white / black, blue."""
    picture = Image.new("RGB", (200, 100))
    for place, colour in {(0, 0): "red", (100, 0): "white", (0, 50): "black", (100, 50): "blue"}.items():
        picture.paste(colour, (*place, place[0] + 100, place[1] + 50))
    exif = Image.Exif()
    exif[0x010F] = "Heliograph"
    picture.save(tmp_path / "quarters.png", exif=exif)
    return tmp_path / "quarters.png"


def opened(jpeg: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(jpeg))
    picture.load()
    assert (picture.format, picture.mode, dict(picture.getexif())) == ("JPEG", "RGB", {})
    return picture


def near(pixel: object, red: int, green: int, blue: int) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= 6 for one, other in zip(pixel, (red, green, blue), strict=True))


def test_the_box_is_what_is_seen(quarters: Path) -> None:
    picture = opened(cut(quarters, Box(100, 50, 100, 50), 200))
    assert picture.size == (200, 100)
    assert near(picture.getpixel((100, 50)), 0, 0, 255)


def test_it_is_made_smaller_where_less_is_wanted(quarters: Path) -> None:
    picture = opened(cut(quarters, Box(0, 0, 200, 100), 80))
    assert picture.size == (80, 40)
    assert near(picture.getpixel((20, 10)), 255, 0, 0)


def test_it_is_enlarged_four_times_at_most(quarters: Path) -> None:
    assert opened(cut(quarters, Box(0, 0, 20, 10), 1080)).size == (80, 40)


@pytest.mark.parametrize(
    ("tone", "black", "white"),
    [
        (Tone.MONO, (0, 0, 0), (255, 255, 255)),
        (Tone.SEPIA, (34, 22, 12), (255, 240, 214)),
        (Tone.COOL, (8, 18, 38), (228, 240, 255)),
    ],
)
def test_a_tone_goes_from_its_dark_to_its_light(
    quarters: Path, tone: Tone, black: tuple[int, int, int], white: tuple[int, int, int]
) -> None:
    picture = opened(cut(quarters, Box(0, 0, 200, 100), 200, tone))
    assert near(picture.getpixel((50, 75)), *black)
    assert near(picture.getpixel((150, 25)), *white)


def test_the_same_cut_gives_the_same_bytes(quarters: Path) -> None:
    """What is sent again after an interruption is known by its bytes."""
    assert cut(quarters, Box(10, 10, 90, 60), 300) == cut(quarters, Box(10, 10, 90, 60), 300)
