"""The watermark: where it stands, what it is made of, and what it leaves alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image, ImageChops

from media.looks.watermark import stamped
from tests.media.looks.conftest import held, shown

BLUE = (40, 90, 160)


def changed(picture: Image.Image, text: str) -> tuple[int, int, int, int]:
    """The box around what the mark changed."""
    box = ImageChops.difference(picture, shown(stamped(held(picture), text))).convert("RGB").getbbox()
    assert box is not None
    return box


@pytest.mark.parametrize("size", [(1080, 1350), (1080, 810), (320, 240), (150, 150)])
def test_it_stands_in_the_lower_right(size: tuple[int, int]) -> None:
    width, height = size
    left, top, right, bottom = changed(Image.new("RGB", size, BLUE), "© Mira")
    letters = max(9, round(min(size) * 0.04))
    assert left > width / 2
    assert letters < bottom - top < 3 * letters
    assert width - letters <= right <= width
    assert height - letters <= bottom <= height


def test_white_with_a_dark_edge() -> None:
    made = shown(stamped(held(Image.new("RGB", (1080, 1080), BLUE)), "HERE"))
    colours = {colour for _, colour in made.getcolors(100_000) or ()}
    assert (255, 255, 255) in colours
    # Three quarters of the blue are hidden where the edge is darkest.
    assert min(sum(colour) for colour in colours) == pytest.approx(sum(BLUE) / 4, abs=4)  # type: ignore[arg-type]


@pytest.mark.parametrize("ground", [(0, 0, 0), (255, 255, 255), (128, 128, 128)])
def test_it_is_read_on_any_ground(ground: tuple[int, int, int]) -> None:
    made = shown(stamped(held(Image.new("RGB", (640, 640), ground)), "Mira")).convert("L")
    low, high = made.getextrema()
    assert isinstance(low, int | float)
    assert isinstance(high, int | float)
    assert high - low > 90


@pytest.mark.parametrize("size", [(1080, 1080), (150, 150), (40, 400), (400, 40), (9, 9), (1, 1), (1, 300)])
def test_the_longest_fits(size: tuple[int, int]) -> None:
    picture = held(Image.new("RGB", size, BLUE))
    made = stamped(picture, "W" * 64)
    assert (made.width, made.height, made.bands) == (*size, 3)
    if min(size) > 9:
        left, _, right, _ = changed(Image.new("RGB", size, BLUE), "W" * 64)
        assert right - left > size[0] * 0.6


@pytest.mark.parametrize("text", ["<b>Mira</b>", "a & b", "&lt;", "<span size='9999999'>x</span>", "%s %n \\n"])
def test_what_looks_like_markup_is_text(text: str) -> None:
    plain = Image.new("RGB", (1080, 1080), BLUE)
    left, *_ = changed(plain, text)
    shorter, *_ = changed(plain, text[:-1])
    assert left < shorter


def test_more_than_a_line_is_one() -> None:
    plain = held(Image.new("RGB", (640, 480), BLUE))
    assert shown(stamped(plain, "a\n  b\t")).tobytes() == shown(stamped(plain, "a b")).tobytes()


@pytest.mark.parametrize("text", ["", " ", "\u200b", "\u202e"])
def test_what_nobody_sees_changes_nothing(text: str) -> None:
    plain = Image.new("RGB", (64, 64), BLUE)
    assert shown(stamped(held(plain), text)).tobytes() == plain.tobytes()


def test_it_is_seen_where_the_picture_is_transparent() -> None:
    clear = Image.new("RGBA", (640, 640), (9, 9, 9, 0))
    made = shown(stamped(held(clear), "Mira"))
    assert made.getpixel((5, 5)) == (9, 9, 9, 0)
    assert made.getchannel("A").getextrema() == (0, 255)
    assert (255, 255, 255, 255) in {colour for _, colour in made.getcolors(100_000) or ()}


def test_a_machine_without_fonts_writes_latin_greek_and_cyrillic_alike(tmp_path: Path) -> None:
    (tmp_path / "fonts.conf").write_text(
        f'<?xml version="1.0"?><fontconfig><cachedir>{tmp_path / "cache"}</cachedir></fontconfig>'
    )
    text = "Łódź Ελλάς Привет"
    script = (
        "import sys; from media.looks.watermark import stamped; from media.vips import pyvips;"
        "plain = pyvips.Image.black(640, 480, bands=3).cast('uchar').copy(interpretation='srgb');"
        "sys.stdout.buffer.write(stamped(plain, sys.argv[1]).write_to_memory())"
    )
    environment = {**os.environ, "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
    bare = subprocess.run([sys.executable, "-c", script, text], env=environment, capture_output=True, check=True).stdout
    ours = changed(Image.new("RGB", (640, 480)), text)
    theirs = Image.frombytes("RGB", (640, 480), bare).getbbox()
    assert theirs is not None
    # How fonts are hinted is a matter of the machine's settings; boxes in place of letters would be wider.
    assert max(abs(one - other) for one, other in zip(ours, theirs, strict=True)) <= 4
    lacking = subprocess.run(
        [sys.executable, "-c", script, "你" * len(text)],
        env=environment,
        capture_output=True,
        check=True,
    ).stdout
    boxes = Image.frombytes("RGB", (640, 480), lacking).getbbox()
    assert boxes is not None
    assert boxes[0] < theirs[0] - 40
