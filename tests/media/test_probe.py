"""What a file is, and every reason for which one is refused."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from PIL import Image

from media.errors import IsAnimated, MediaRejected, RejectionReason
from media.pictures import Limits, MediaKind, Probed
from media.probe import probe
from tests.media.heifs import File, Item, box, ispe
from tests.pictures import many_frames

TAKEN = "JPEG, PNG, WebP, GIF, AVIF and HEIC pictures can be posted."


def refusal(path: Path, limits: Limits, declared_type: str | None = None) -> tuple[RejectionReason, str]:
    with pytest.raises(MediaRejected) as caught:
        probe(path, limits, declared_type)
    return caught.value.reason, caught.value.message


def test_a_phone_photo_is_described_upright(phone_photo: Path, limits: Limits) -> None:
    assert probe(phone_photo, limits, "image/jpeg") == Probed(
        kind=MediaKind.IMAGE,
        mime="image/jpeg",
        width=3024,
        height=4032,
        orientation=6,
        pages=1,
        captured_at=datetime(2025, 6, 1, 10, 30, 45, tzinfo=UTC),
        camera="Heliograph Phone 1",
        latitude=64.15,
        longitude=-21.9333333,
    )


@pytest.mark.parametrize(
    ("name", "mime", "pages"),
    [
        ("baseline.jpg", "image/jpeg", 1),
        ("cmyk.jpg", "image/jpeg", 1),
        ("still.png", "image/png", 1),
        ("lossy.webp", "image/webp", 1),
        ("animated.webp", "image/webp", 3),
        ("still.gif", "image/gif", 1),
        ("animated.gif", "image/gif", 3),
        ("animated.png", "image/png", 3),
        ("still.avif", "image/avif", 1),
        ("still.heic", "image/heic", 1),
        ("tiles.heic", "image/heic", 1),
    ],
)
def test_each_format_by_its_bytes(
    *, tmp_path: Path, limits: Limits, samples: dict[str, bytes], name: str, mime: str, pages: int
) -> None:
    path = tmp_path / "upload"
    path.write_bytes(samples[name])
    found = probe(path, limits, mime, first_frame=True)
    assert (found.mime, found.width, found.height, found.orientation, found.pages) == (mime, 600, 400, 1, pages)
    assert (found.captured_at, found.camera) == (None, None)


@pytest.mark.parametrize(
    ("content", "reason", "message"),
    [
        (b"", "EMPTY", "This file is empty."),
        (b"Dear diary, today\n" * 50, "NOT_A_PICTURE", f"This file is not a picture. {TAKEN}"),
        (b"\0" * 4096, "NOT_A_PICTURE", f"This file is not a picture. {TAKEN}"),
        (b"<html><svg></svg></html>", "NOT_A_PICTURE", f"This file is not a picture. {TAKEN}"),
        (
            b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>',
            "UNSUPPORTED_TYPE",
            f"SVG files cannot be posted. {TAKEN}",
        ),
        (b"%PDF-1.7\n1 0 obj", "UNSUPPORTED_TYPE", f"PDF files cannot be posted. {TAKEN}"),
        (
            b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n",
            "UNSUPPORTED_TYPE",
            f"Playlist files cannot be posted. {TAKEN}",
        ),
        (b"II*\0" + b"\0" * 40, "UNSUPPORTED_TYPE", f"TIFF files cannot be posted. {TAKEN}"),
    ],
)
def test_what_is_no_picture_is_named(tmp_path: Path, limits: Limits, content: bytes, reason: str, message: str) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(content)
    assert refusal(path, limits, "image/jpeg") == (RejectionReason(reason), message)


def test_a_type_that_the_bytes_contradict(tmp_path: Path, limits: Limits, samples: dict[str, bytes]) -> None:
    path = tmp_path / "holiday.jpg"
    path.write_bytes(samples["still.png"])
    assert refusal(path, limits, "image/jpeg") == (
        RejectionReason.WRONG_TYPE,
        "This file was announced as JPEG, but it is PNG.",
    )
    path.write_bytes(samples["baseline.jpg"])
    assert probe(path, limits, "image/jpg").mime == "image/jpeg"


def test_too_many_bytes(tmp_path: Path, limits: Limits, samples: dict[str, bytes]) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(samples["baseline.jpg"].ljust(limits.max_bytes, b"\0"))
    assert probe(path, limits).width == 600
    path.write_bytes(samples["baseline.jpg"].ljust(limits.max_bytes + 200_000, b"\0"))
    assert refusal(path, limits) == (
        RejectionReason.TOO_MANY_BYTES,
        "This picture has 10.2 MB; the most that can be posted is 10 MB.",
    )


def test_a_bomb_is_refused_by_its_header(
    tmp_path: Path, limits: Limits, blank_png: Callable[[int, int], bytes]
) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(blank_png(50_000, 50_000))
    assert 250_000 < path.stat().st_size < 350_000
    before, started = psutil.Process().memory_info().rss, time.process_time()
    assert refusal(path, limits) == (
        RejectionReason.TOO_MANY_PIXELS,
        "This picture has 2,500.0 megapixels (50,000 × 50,000); the most that can be posted is 50.",
    )
    assert time.process_time() - started < 0.1
    assert psutil.Process().memory_info().rss - before < 20 * 2**20


@pytest.mark.parametrize("name", ["animated.gif", "animated.png", "animated.webp"])
def test_what_moves(tmp_path: Path, limits: Limits, samples: dict[str, bytes], name: str) -> None:
    path = tmp_path / "upload"
    path.write_bytes(samples[name])
    with pytest.raises(IsAnimated):
        probe(path, limits)
    assert probe(path, limits, first_frame=True).pages == 3
    path.write_bytes(samples[name][: len(samples[name]) // 2])
    assert refusal(path, limits)[0] is RejectionReason.TRUNCATED


def test_a_hundred_thousand_frames_are_not_counted_to_their_end(tmp_path: Path, limits: Limits) -> None:
    path = tmp_path / "endless.gif"
    path.write_bytes(many_frames(100_000))
    before, started = psutil.Process().memory_info().rss, time.process_time()
    expected = (RejectionReason.TOO_MANY_FRAMES, "This animation has more than 1,000 frames.")
    assert refusal(path, limits) == expected
    assert time.process_time() - started < 0.1
    assert psutil.Process().memory_info().rss - before < 20 * 2**20
    path.write_bytes(many_frames(1_000))
    assert probe(path, limits, first_frame=True).pages == 1_000


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (
            File({1: Item(properties=(ispe(10_000, 6_000),))}),
            "This picture has 60.0 megapixels (10,000 × 6,000); the most that can be posted is 50.",
        ),
        # Not the picture itself, but what would be decoded of it.
        (
            File({1: Item(), 2: Item(properties=(ispe(30_000, 30_000),))}),
            "This picture has 900.0 megapixels (30,000 × 30,000); the most that can be posted is 50.",
        ),
    ],
)
def test_what_a_heic_claims_is_judged_before_it_is_decoded(
    tmp_path: Path, limits: Limits, file: File, expected: str
) -> None:
    path = tmp_path / "bomb.heic"
    path.write_bytes(bytes(file))
    assert refusal(path, limits, "image/heif") == (RejectionReason.TOO_MANY_PIXELS, expected)


def test_a_heic_too_wide(tmp_path: Path, limits: Limits) -> None:
    path = tmp_path / "wide.heic"
    path.write_bytes(bytes(File({1: Item(properties=(ispe(10, 20_001), box(b"irot", b"\1")))})))
    assert refusal(path, limits)[0] is RejectionReason.TOO_WIDE


def test_sixty_megapixels(tmp_path: Path, limits: Limits, blank_png: Callable[[int, int], bytes]) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(blank_png(10_000, 6_000))
    assert refusal(path, limits) == (
        RejectionReason.TOO_MANY_PIXELS,
        "This picture has 60.0 megapixels (10,000 × 6,000); the most that can be posted is 50.",
    )
    path.write_bytes(blank_png(10_000, 5_000))
    assert probe(path, limits).width == 10_000


@pytest.mark.parametrize(
    ("width", "height", "reason", "message"),
    [
        (20_001, 10, "TOO_WIDE", "This picture is 20,001 pixels wide; the most that can be posted is 20,000."),
        (
            1_500,
            20_001,
            "TOO_HIGH",
            "This picture is 20,001 pixels high; the most that can be posted is 20,000 at its width.",
        ),
        # A WebP ends at 16,383, and this one would not be made smaller.
        (
            900,
            16_384,
            "TOO_HIGH",
            "This picture is 16,384 pixels high; the most that can be posted is 16,383 at its width.",
        ),
    ],
)
def test_too_wide_or_too_high(
    *,
    tmp_path: Path,
    limits: Limits,
    blank_png: Callable[[int, int], bytes],
    width: int,
    height: int,
    reason: str,
    message: str,
) -> None:
    path = tmp_path / "strip.png"
    path.write_bytes(blank_png(width, height))
    assert refusal(path, limits) == (RejectionReason(reason), message)


def test_sides_are_judged_upright(
    tmp_path: Path, limits: Limits, photograph: Callable[[str], Image.Image], phone_exif: Image.Exif
) -> None:
    path = tmp_path / "strip.jpg"
    photograph("coffee.png").resize((600, 300)).save(path, exif=phone_exif)
    assert refusal(path, Limits(limits.max_bytes, limits.max_pixels, max_side=599)) == (
        RejectionReason.TOO_HIGH,
        "This picture is 600 pixels high; the most that can be posted is 599 at its width.",
    )


def test_damage_in_the_header(tmp_path: Path, limits: Limits, samples: dict[str, bytes]) -> None:
    path = tmp_path / "damaged.png"
    path.write_bytes(samples["still.png"][:16] + b"\0" * 17 + samples["still.png"][33:])
    assert refusal(path, limits) == (RejectionReason.DAMAGED, "This picture is damaged and cannot be read.")
