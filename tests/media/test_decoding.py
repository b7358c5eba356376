"""Pictures out of every kind of file: upright, in sRGB, judged by Pillow and by what was put in."""

import io
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pytest
import pyvips
from PIL import Image, ImageOps

from media.decoding import decode
from media.errors import MediaRejected, RejectionReason
from media.heif import look_at_heif
from media.metadata import header_of
from media.pictures import Limits
from media.probe import probe
from tests.media.heifs import File, Item, box, clap, full, ispe
from tests.pictures import photograph

P3 = pyvips.Operation.call("profile_load", "p3")
ORANGE = (200, 100, 60)
ORANGE_OF_P3 = (214, 93, 46)


def heic(picture: Image.Image, **options: Any) -> bytes:
    written = io.BytesIO()
    pillow_heif.from_pillow(picture).save(written, quality=90, **options)
    return written.getvalue()


def avif(picture: Image.Image, **options: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, "AVIF", quality=90, **options)
    return written.getvalue()


ENCODERS = {"image/heic": heic, "image/avif": avif}


@pytest.fixture(params=ENCODERS)
def mime(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


@pytest.fixture
def decoded(tmp_path: Path, limits: Limits) -> Callable[..., Any]:
    """What comes of a file, as an array, once the probe has said of what size and type it is."""

    def make(data: bytes, mime: str, width: int = 600) -> Any:
        path = tmp_path / "in"
        path.write_bytes(data)
        probed = probe(path, limits, mime)
        image = decode(path, mime, width)
        assert (image.format, image.interpretation) == ("uchar", "srgb")
        assert image.width == min(width, probed.width)
        assert image.height == pytest.approx(probed.height * image.width / probed.width, abs=1)
        return image.numpy().astype(int)

    return make


def far(made: Any, expected: Image.Image) -> float:
    other = np.asarray(expected)
    assert made.shape == other.shape
    return float(np.abs(made.astype(int) - other).mean())


def test_pixels_of_another_size_than_was_claimed(decoded: Callable[..., Any]) -> None:
    """libheif takes the claim for its limit, libavif shrinks to it."""
    claims = {mime: encode(photograph()).replace(ispe(600, 400), ispe(60, 40)) for mime, encode in ENCODERS.items()}
    with pytest.raises(MediaRejected) as caught:
        decoded(claims["image/heic"], "image/heic")
    assert caught.value.reason is RejectionReason.TOO_COMPLEX
    assert far(decoded(claims["image/avif"], "image/avif"), photograph().resize((60, 40))) < 10


@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_orientation_once(decoded: Callable[..., Any], mime: str, orientation: int) -> None:
    """By boxes, while EXIF says so too."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = photograph()
    turned = picture.copy()
    turned.getexif()[0x0112] = orientation
    made = decoded(ENCODERS[mime](picture, exif=exif.tobytes()), mime)
    assert far(made, ImageOps.exif_transpose(turned)) < 3
    assert far(made[:, ::-1], ImageOps.exif_transpose(turned)) > 15


def test_what_exif_alone_says_of_orientation_counts_for_nothing(decoded: Callable[..., Any]) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = heic(photograph())
    item = bare(data, b"hvcC", b"hvc1")
    said = Item(b"Exif", b"\0\0\0\6Exif\0\0" + exif.tobytes()[6:], properties=())
    data = bytes(File({1: item, 2: said}))
    assert header_of(look_at_heif(data).exif).get("orientation") == 6
    assert far(decoded(data, "image/heic"), photograph()) < 3


def bare(data: bytes, config: bytes, kind: bytes, *others: bytes) -> Item:
    """The one picture of a file of 600×400 as an item, with what its decoder needs and other properties."""
    at, pixels = data.index(config) - 4, data.index(b"mdat") + 4
    described = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    return Item(kind, data[pixels:], (described, ispe(600, 400), full(b"pixi", b"\3\x08\x08\x08"), *others))


def test_shrunk_to_a_width(decoded: Callable[..., Any], mime: str) -> None:
    made = decoded(ENCODERS[mime](photograph()), mime, 150)
    assert far(made, photograph().resize((150, 100), Image.Resampling.LANCZOS)) < 4


def test_a_grid(decoded: Callable[..., Any]) -> None:
    data = heic(photograph(), tile_size=128)
    assert look_at_heif(data).tiles == 5 * 4
    assert far(decoded(data, "image/heic"), photograph()) < 3


def test_a_sequence_shows_its_first_picture(decoded: Callable[..., Any]) -> None:
    """No film is made of it."""
    data = avif(photograph(), save_all=True, append_images=[photograph().rotate(180)])
    assert data[8:12] == b"avis"
    assert far(decoded(data, "image/avif"), photograph()) < 3


def test_a_film_beside_a_picture_is_not_decoded(decoded: Callable[..., Any]) -> None:
    data = avif(photograph(), save_all=True, append_images=[photograph().rotate(180)])
    picture, kind, film = data[12:].partition(b"tkhd")
    whole, other = (struct.pack(">II", width << 16, height << 16) for width, height in ((600, 400), (60, 40)))
    assert film.count(whole) == 1
    for brand in (b"avis", b"mif1"):
        made = decoded(data[:8] + brand + picture + kind + film.replace(whole, other), "image/avif")
        assert far(made, photograph()) < 3


def test_the_first_of_several_pictures(decoded: Callable[..., Any]) -> None:
    several = pillow_heif.from_pillow(photograph())
    several.add_from_pillow(photograph().rotate(180))
    written = io.BytesIO()
    several.save(written, quality=90)
    assert far(decoded(written.getvalue(), "image/heic"), photograph()) < 3


@pytest.mark.parametrize("mode", ["L", "LA"])
def test_grey(decoded: Callable[..., Any], mime: str, mode: str) -> None:
    made = decoded(ENCODERS[mime](photograph().convert(mode)), mime)
    assert far(made, photograph().convert("L").convert("RGB")) < 3


def test_ten_bits_of_grey(decoded: Callable[..., Any]) -> None:
    deep = photograph().convert("L").convert("I").point(lambda value: value * 257).convert("I;16")
    assert far(decoded(heic(deep), "image/heic"), photograph().convert("L").convert("RGB")) < 3


def test_ten_bits(decoded: Callable[..., Any]) -> None:
    written = io.BytesIO()
    deep = np.asarray(photograph()).astype("<u2") * 257
    pillow_heif.encode("RGB;16", (600, 400), deep.tobytes(), written, quality=90)
    assert far(decoded(written.getvalue(), "image/heic"), photograph()) < 3


def test_what_is_transparent(decoded: Callable[..., Any], mime: str) -> None:
    picture = Image.new("RGBA", (400, 300), (*ORANGE, 255))
    picture.paste((0, 0, 0, 0), (0, 0, 200, 300))
    made = decoded(ENCODERS[mime](picture), mime)
    assert made.shape == (300, 400, 4)
    assert made[150, 100, 3] == 0
    assert made[150, 300] == pytest.approx((*ORANGE, 255), abs=4)


def test_an_opaque_alpha_channel_is_dropped(decoded: Callable[..., Any], mime: str) -> None:
    assert decoded(ENCODERS[mime](photograph().convert("RGBA")), mime).shape == (400, 600, 3)


def test_multiplied_by_what_is_transparent(decoded: Callable[..., Any]) -> None:
    picture = pillow_heif.from_bytes("RGBa", (64, 64), bytes((100, 50, 30, 128)) * 64 * 64)
    written = io.BytesIO()
    picture.save(written, quality=-1, chroma=444)
    assert decoded(written.getvalue(), "image/heic")[30, 30] == pytest.approx((199, 100, 60, 128), abs=5)


def test_a_profile(decoded: Callable[..., Any], mime: str) -> None:
    data = ENCODERS[mime](Image.new("RGB", (64, 64), ORANGE), icc_profile=P3)
    assert decoded(data, mime)[30, 30] == pytest.approx(ORANGE_OF_P3, abs=4)


@pytest.mark.parametrize(("primaries", "expected"), [(1, ORANGE), (2, ORANGE), (6, ORANGE), (12, ORANGE_OF_P3)])
def test_colours_by_number(decoded: Callable[..., Any], primaries: int, expected: tuple[int, int, int]) -> None:
    data = heic(Image.new("RGB", (64, 64), ORANGE), color_primaries=primaries, transfer_characteristics=13)
    assert decoded(data, "image/heic")[30, 30] == pytest.approx(expected, abs=3)


def test_colours_by_number_beside_transparency(decoded: Callable[..., Any]) -> None:
    data = heic(Image.new("RGBA", (64, 64), (*ORANGE, 99)), color_primaries=12, transfer_characteristics=13)
    assert decoded(data, "image/heic")[30, 30] == pytest.approx((*ORANGE_OF_P3, 99), abs=4)


@pytest.mark.parametrize(
    ("mime", "config", "kind"), [("image/heic", b"hvcC", b"hvc1"), ("image/avif", b"av1C", b"av01")]
)
def test_cut_out(decoded: Callable[..., Any], mime: str, config: bytes, kind: bytes) -> None:
    """And turned afterwards. By libheif where it is HEVC, by us where it is AV1."""
    expected = photograph().crop((150, 170, 350, 270))
    middle = clap(200, 100, left=-50, top=20)
    for others in ([middle], [middle, box(b"irot", b"\1")]):
        item = bare(ENCODERS[mime](photograph()), config, kind, *others)
        made = decoded(bytes(File({1: item}, brand=mime[-4:].encode())), mime)
        assert far(made, expected if len(others) == 1 else expected.transpose(Image.Transpose.ROTATE_90)) < 5


@pytest.mark.parametrize("kind", [b"hvc1", b"av01"])
def test_pixels_that_are_none(tmp_path: Path, kind: bytes) -> None:
    path = tmp_path / "in"
    path.write_bytes(bytes(File({1: Item(kind, properties=(ispe(600, 400), box(b"hvcC", b"\1" * 23)))})))
    with pytest.raises(MediaRejected) as caught:
        decode(path, "image/heic", 600)
    assert caught.value.reason is RejectionReason.DAMAGED
