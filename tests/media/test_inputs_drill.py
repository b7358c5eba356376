"""The long versions: a table of inputs with a contact sheet, 200 photographs with a place and a camera, what refusals
cost and what 100 megapixels do. They print their figures:

make drill ARGS=tests/media/test_inputs_drill.py
"""

import io
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from functools import partial
from pathlib import Path

import numpy as np
import pillow_heif
import psutil
import pytest
import pyvips
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from core.settings import Settings
from media.errors import IsAnimated, MediaRejected
from media.film.runner import FilmRunner
from media.films import FilmLimits
from media.pictures import ImageFormat, Limits, Variant
from media.runner import ImageRunner
from tests.media.inputs import INPUTS, heic, made, moving
from tests.media.sheets import contact_sheet
from tests.pictures import blank_png, encoded, many_frames, phone_exif, photograph

pytestmark = [pytest.mark.drill, pytest.mark.timeout(3600)]
MB = 2**20
LIMITS = Limits.of(Settings(_env_file=None))
SHEET = Path(__file__).parents[2] / "docs" / "inputs.jpg"
console = Console(width=150)


@pytest.fixture
async def runner() -> AsyncIterator[ImageRunner]:
    async with ImageRunner() as runner:
        yield runner


@pytest.fixture
async def films() -> AsyncIterator[FilmRunner]:
    async with FilmRunner() as runner:
        yield runner


async def test_a_table_of_inputs(runner: ImageRunner, films: FilmRunner, tmp_path: Path) -> None:
    table = Table("input", "KB", "status", "original", "variants", "widths", "KB in all", "ms")
    shown: dict[str, Path] = {}
    for number, (name, (mime, maker)) in enumerate(INPUTS.items()):
        source, out = tmp_path / f"in {number}", tmp_path / f"out {number}"
        source.write_bytes(maker())
        out.mkdir()
        begun = time.perf_counter()
        try:
            picture = await runner.process_image(source, out, LIMITS, declared_type=mime)
        except IsAnimated:
            film = await films.process_film(source, out, FilmLimits())
            status, size, variants = f"READY, a film of {film.duration} s", (film.width, film.height), film.poster
        else:
            status, size, variants = "READY", (picture.width, picture.height), picture.variants
        took = (time.perf_counter() - begun) * 1000
        table.add_row(name, *row(source, status, size, variants), f"{took:.0f}")
        shown[name] = next(one.path for one in variants if one.format is ImageFormat.JPEG and one.width >= 300)
        assert status.startswith("READY, a film") == name.startswith("animated")
    console.print(table)
    SHEET.write_bytes(contact_sheet(shown))
    assert len(shown) == len(INPUTS)
    assert SHEET.stat().st_size < 300_000


def row(source: Path, status: str, size: tuple[int, int], variants: list[Variant]) -> tuple[str, ...]:
    widths = sorted({one.width for one in variants if not one.is_square})
    return (
        f"{source.stat().st_size / 1024:.0f}",
        status,
        f"{size[0]}×{size[1]}",
        str(len(variants)),
        " ".join(map(str, widths)) + (" □" if any(one.is_square for one in variants) else ""),
        f"{sum(one.bytes for one in variants) / 1024:.0f}",
    )


WITH_EXIF: dict[str, Callable[[Image.Image, bytes], bytes]] = {
    "image/jpeg": lambda picture, exif: encoded(picture, exif=exif),
    "image/png": lambda picture, exif: encoded(picture, "PNG", exif=exif),
    "image/webp": lambda picture, exif: encoded(picture, "WEBP", exif=exif),
    "image/heic": lambda picture, exif: heic(picture, exif=exif),
    "image/avif": lambda picture, exif: encoded(picture, "AVIF", exif=exif),
}


async def test_no_place_and_no_camera_is_left(runner: ImageRunner, tmp_path: Path) -> None:
    """Of 200 photographs over all formats that hold EXIF, with places put in by Pillow, XMP and IPTC by exiftool."""
    out, put_in = tmp_path / "out", 0
    files: list[Path] = []
    out.mkdir()
    for number in track(range(200), "photographs"):
        mime = list(WITH_EXIF)[number % len(WITH_EXIF)]
        source, folder = tmp_path / f"{number}.{mime[6:]}", out / str(number)
        source.write_bytes(WITH_EXIF[mime](photograph().resize((700, 500)).rotate(number), tagged(number)))
        exiftool("-q", "-overwrite_original", "-XMP-exif:GPSLatitude=60.5", "-XMP-dc:Creator=Countess", str(source))
        put_in += len(told(source))
        folder.mkdir()
        made = await runner.process_image(source, folder, LIMITS, declared_type=mime)
        assert (made.source.latitude, made.source.longitude) == pytest.approx((64.15, -21.9333333))
        assert made.source.camera == f"Heliograph Phone {number}"
        assert made.source.captured_at is not None
        files += folder.iterdir()
    found = told(*files)
    console.print(f"{len(files)} variants: {len(found)} lines of exiftool tell of them, {put_in} of the originals")
    assert put_in > 200 * 5
    assert len(files) == 200 * 15
    assert found == []
    assert not [
        path for path in files if any(word in path.read_bytes() for word in (b"Heliograph", b"Countess", b"Exif\0\0"))
    ]


def tagged(number: int) -> bytes:
    exif = phone_exif()
    exif[0x0110] = f"Phone {number}"
    exif[0x0112] = 1
    return exif.tobytes()


def told(*files: Path) -> list[str]:
    """What exiftool says of places, cameras, days and people."""
    said = exiftool("-a", "-G", "-ee", "-u", *map(str, files)).splitlines()
    words = ("GPS", "Heliograph", "Phone", "2025:06", "Countess", "[EXIF]", "[XMP]", "[IPTC]", "[ICC_Profile]")
    return [line for line in said if any(word in line for word in words) and "[File]" not in line]


def exiftool(*arguments: str) -> str:
    return subprocess.run(["exiftool", *arguments], capture_output=True, check=True).stdout.decode()


REFUSED: dict[str, Callable[[], bytes]] = {
    "50,000×50,000 PNG": lambda: blank_png(50_000, 50_000),
    "GIF of 100,000 frames": lambda: many_frames(100_000),
    **{
        f"truncated {kind}": partial(lambda make: cut(make()), make)
        for kind, make in {
            "JPEG": lambda: made("JPEG"),
            "progressive JPEG": lambda: made("JPEG", progressive=True),
            "PNG": lambda: made("PNG"),
            "WebP": lambda: made("WEBP"),
            "GIF": lambda: made("GIF"),
            "HEIC": heic,
            "HEIC of tiles": lambda: heic(tile_size=256),
            "AVIF": lambda: made("AVIF"),
            "animated GIF": lambda: moving("GIF"),
            "animated PNG": lambda: moving("PNG"),
            "animated WebP": lambda: moving("WEBP"),
        }.items()
    },
    "SVG": lambda: (
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    ),
    "PDF": lambda: b"%PDF-1.7\n" + b"1 0 obj\n" * 1000,
    "text": lambda: b"Dear diary, today\n" * 1000,
    "playlist": lambda: b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\nhttp://127.0.0.1/\n",
    "HEIC claiming 900 MP": lambda: heic().replace(b"\0\0\3\x84\0\0\2\x58", b"\0\0\x75\x30\0\0\x75\x30"),
    "empty": lambda: b"",
}


def cut(data: bytes) -> bytes:
    return data[: len(data) * 6 // 10]


async def test_refusals_are_quick_and_cost_no_memory(runner: ImageRunner, tmp_path: Path) -> None:
    """Within 200 ms in a warm sandbox and 150 MB above it, each; behind all, the same sandbox makes a good picture."""
    good, source, out = tmp_path / "good.jpg", tmp_path / "in", tmp_path / "out"
    good.write_bytes(made("JPEG"))
    out.mkdir()
    await runner.process_image(good, out, LIMITS)
    process = psutil.Process(runner._idle[-1].pid)
    table = Table("input", "KB", "ms", "MB above idle", "reason", "what its owner reads")
    for name, maker in REFUSED.items():
        source.write_bytes(maker())
        Path(f"/proc/{process.pid}/clear_refs").write_text("5")  # forget the peak
        idle, begun = process.memory_info().rss, time.perf_counter()
        with pytest.raises(MediaRejected) as caught:
            await runner.process_image(source, out, LIMITS)
        took, grown = (time.perf_counter() - begun) * 1000, peak(process.pid) - idle
        size = f"{source.stat().st_size / 1024:.0f}"
        table.add_row(name, size, f"{took:.1f}", f"{grown / MB:.1f}", caught.value.reason, caught.value.message)
        assert took < 200
        assert grown < 150 * MB
        assert runner._idle[-1].pid == process.pid
    console.print(table)
    assert (await runner.process_image(good, out, LIMITS)).width == 900
    assert runner._idle[-1].pid == process.pid


def peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def large() -> Image.Image:
    return photograph().resize((10_000, 10_000), Image.Resampling.BICUBIC)


def veiled() -> Image.Image:
    """Flat, so that it has few bytes; a quarter of it is transparent."""
    picture = Image.new("RGBA", (10_000, 10_000), (200, 30, 30, 120))
    picture.paste((0, 0, 0, 0), (0, 0, 5_000, 5_000))
    return picture


def png(bands: int, kind: str, **options: object) -> bytes:
    picture = pyvips.Image.black(10_000, 10_000, bands=bands) + 100
    space = {"uchar": "srgb", "ushort": "rgb16"}[kind]
    return bytes(picture.cast(kind).copy(interpretation=space).pngsave_buffer(**options))


def large_heic(picture: Image.Image, tile_size: int = 0) -> bytes:
    written = io.BytesIO()
    fast = {"preset": "ultrafast"}
    pillow_heif.from_pillow(picture).save(written, quality=40, enc_params=fast, tile_size=tile_size)
    return written.getvalue()


LARGE: dict[str, Callable[[], bytes]] = {
    "baseline JPEG": lambda: encoded(large(), quality=75),
    "progressive JPEG": lambda: encoded(large(), quality=75, progressive=True),
    "progressive JPEG 4:4:4": lambda: encoded(large(), quality=60, progressive=True, subsampling=0),
    "PNG": lambda: png(3, "uchar"),
    "PNG with alpha": lambda: encoded(veiled(), "PNG", compress_level=1),
    "16-bit PNG": lambda: png(4, "ushort"),
    "interlaced 16-bit PNG": lambda: png(4, "ushort", interlace=True),
    "WebP": lambda: encoded(large(), "WEBP", quality=70, method=0),
    "WebP with alpha": lambda: encoded(veiled(), "WEBP", method=0),
    "lossless WebP": lambda: encoded(veiled(), "WEBP", lossless=True, method=0),
    "GIF": lambda: encoded(Image.new("P", (10_000, 10_000), 3), "GIF"),
    "HEIC": lambda: large_heic(large()),
    "HEIC of 400 tiles": lambda: large_heic(large(), 512),
    "HEIC with alpha": lambda: large_heic(veiled()),
    "AVIF": lambda: encoded(large(), "AVIF", quality=50, speed=10),
    "AVIF with alpha": lambda: encoded(veiled(), "AVIF", speed=10),
}
REFUSED_AT_100_MEGAPIXELS = {"AVIF with alpha"}


async def test_a_hundred_megapixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is made within the memory of the sandbox, or refused with a reason, and nothing dies of it."""
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert np.prod(large().size) == LIMITS.max_pixels
    source, out = tmp_path / "in", tmp_path / "out"
    out.mkdir()
    table = Table("input", "MB", "s", "CPU s", "MB at most", "address space", "what came of it")
    refused = set()
    for name, maker in track(LARGE.items(), "100 megapixels"):
        source.write_bytes(maker())
        async with ImageRunner() as runner:
            process = psutil.Process(runner._idle[0].pid)
            before, begun = process.cpu_times(), time.perf_counter()
            try:
                result = f"READY, {len((await runner.process_image(source, out, LIMITS)).variants)} variants"
            except MediaRejected as rejected:
                refused.add(name)
                result = f"{rejected.reason} {rejected.message}"
            took, after = time.perf_counter() - begun, process.cpu_times()
            status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
            space = next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmPeak"))
            cpu = after.user + after.system - before.user - before.system
            size = f"{source.stat().st_size / MB:.1f}"
            table.add_row(name, size, f"{took:.1f}", f"{cpu:.1f}", f"{peak(process.pid) / MB:.0f}", str(space), result)
            assert runner._idle[0].pid == process.pid
    console.print(table)
    assert refused == REFUSED_AT_100_MEGAPIXELS
