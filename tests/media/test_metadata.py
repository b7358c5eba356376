"""When and with what a picture was taken, from what cameras write and what they should not write."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

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
