"""When and with what a picture was taken, from what cameras write and what they should not write."""

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from media.metadata import camera, captured_at, header_of, place
from media.pictures import Limits
from media.probe import probe


def with_exif(path: Path, picture: Image.Image, ifd0: dict[int, str], ifd2: dict[int, str]) -> Path:
    exif = Image.Exif()
    exif.update(ifd0)
    exif.get_ifd(0x8769).update(ifd2)
    picture.save(path, exif=exif)
    return path


@pytest.mark.parametrize(
    ("ifd2", "expected"),
    [
        ({0x9003: "2024:02:29 23:59:59", 0x9011: "-05:00"}, datetime(2024, 3, 1, 4, 59, 59, tzinfo=UTC)),
        ({0x9003: "2024:02:29 23:59:59"}, datetime(2024, 2, 29, 23, 59, 59, tzinfo=UTC)),
        ({0x9004: "2019:01:02 03:04:05", 0x9012: "+01:00"}, datetime(2019, 1, 2, 2, 4, 5, tzinfo=UTC)),
        ({0x9003: "0000:00:00 00:00:00"}, None),
        ({0x9003: "0001:01:01 00:00:00", 0x9011: "+14:00"}, None),
        ({0x9003: "yesterday"}, None),
        ({}, None),
    ],
)
def test_captured_at(
    *,
    tmp_path: Path,
    limits: Limits,
    photograph: Callable[[str], Image.Image],
    ifd2: dict[int, str],
    expected: datetime | None,
) -> None:
    path = with_exif(tmp_path / "a.jpg", photograph("chelsea.png"), {}, ifd2)
    assert probe(path, limits).captured_at == expected


@pytest.mark.parametrize(
    ("make", "model", "expected"),
    [
        ("Canon", "Canon EOS R5", "Canon EOS R5"),
        ("Apple", "iPhone 15 (Pro), black", "Apple iPhone 15 (Pro), black"),
        ("", "Lens\x07y\n", "Lensy"),
        ("M" * 300, "", "M" * 100),
        ("", "", None),
    ],
)
def test_camera(
    *,
    tmp_path: Path,
    limits: Limits,
    photograph: Callable[[str], Image.Image],
    make: str,
    model: str,
    expected: str | None,
) -> None:
    path = with_exif(tmp_path / "a.jpg", photograph("chelsea.png"), {0x010F: make, 0x0110: model}, {})
    assert probe(path, limits).camera == expected


def encoded(picture: Image.Image, file_format: str, exif: Image.Exif) -> bytes:
    written = io.BytesIO()
    if file_format == "HEIC":
        pillow_heif.from_pillow(picture).save(written, exif=exif.tobytes())
    else:
        picture.save(written, file_format, exif=exif.tobytes())
    return written.getvalue()


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "HEIC", "AVIF"])
def test_what_is_read_of_each_format(
    *,
    tmp_path: Path,
    limits: Limits,
    photograph: Callable[[str], Image.Image],
    phone_exif: Image.Exif,
    file_format: str,
) -> None:
    path = tmp_path / "a"
    path.write_bytes(encoded(photograph("chelsea.png"), file_format, phone_exif))
    found = probe(path, limits)
    assert found.captured_at == datetime(2025, 6, 1, 10, 30, 45, tzinfo=UTC)
    assert (found.camera, found.latitude, found.longitude) == ("Heliograph Phone 1", 64.15, -21.9333333)
    assert (found.width, found.height) == (300, 451)


Degrees = tuple[float | IFDRational, ...]


@pytest.mark.parametrize(
    ("gps", "expected"),
    [
        ({1: "S", 2: (33.0, 51.0, 24.5), 3: "E", 4: (151.0, 12.0, 55.0)}, (-33.8568056, 151.2152778)),
        ({1: "N", 2: (0.0, 0.0, 0.0), 3: "E", 4: (0.0, 0.0, 0.0)}, (0.0, 0.0)),
        ({1: "N", 2: (90.0, 0.0, 0.0), 3: "W", 4: (180.0, 0.0, 0.0)}, (90.0, -180.0)),
        ({1: "N", 2: (90.0, 0.0, 1.0), 3: "W", 4: (180.0, 0.0, 0.0)}, (None, None)),
        ({1: "N", 2: (64.0, 9.0, 0.0), 3: "W", 4: (181.0, 0.0, 0.0)}, (None, None)),
        ({1: "N", 2: (64.0, 9.0, 0.0)}, (None, None)),
        ({2: (64.0, 9.0, 0.0), 4: (21.0, 56.0, 0.0)}, (None, None)),
        ({1: "X", 2: (64.0, 9.0, 0.0), 3: "W", 4: (21.0, 56.0, 0.0)}, (None, None)),
        ({1: "N", 2: (64.0, 9.0), 3: "W", 4: (21.0, 56.0, 0.0)}, (None, None)),
        ({1: "N", 2: (IFDRational(64, 0), 9.0, 0.0), 3: "W", 4: (21.0, 56.0, 0.0)}, (None, None)),
    ],
)
def test_place(
    *,
    tmp_path: Path,
    limits: Limits,
    photograph: Callable[[str], Image.Image],
    gps: dict[int, str | Degrees],
    expected: tuple[float | None, float | None],
) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(gps)
    path = tmp_path / "a.jpg"
    photograph("chelsea.png").save(path, exif=exif)
    found = probe(path, limits)
    assert (found.latitude, found.longitude) == expected


@pytest.mark.parametrize("exif", [b"", b"\0", b"II*\0", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff" * 99])
def test_a_header_of_what_is_no_exif(exif: bytes) -> None:
    header = header_of(exif)
    assert (place(header), camera(header), captured_at(header)) == (None, None, None)
