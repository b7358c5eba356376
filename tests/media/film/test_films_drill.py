"""The long versions: what a refusal costs, a table of inputs, and twenty films with a place and a camera."""

import json
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from media.errors import MediaRejected
from media.film.runner import FilmRunner
from media.films import FilmLimits, RenderedFilm
from media.pictures import ImageFormat
from tests.media.film.filming import film
from tests.media.film.hostile import MAKERS
from tests.media.film.inputs import INPUTS, tagged
from tests.media.sheets import contact_sheet

pytestmark = [pytest.mark.drill, pytest.mark.timeout(3600)]

LIMITS = FilmLimits()
SHEET = Path(__file__).parents[3] / "docs" / "film-inputs.jpg"
LARGE: dict[str, Callable[[Path], Path]] = {
    "1080p.mp4": partial(film, size=(1920, 1080)),
    "vertical 1080p.mp4": partial(film, size=(1080, 1920)),
}
"""Of which every rendition is made."""
MB = 2**20


async def test_refusals_are_quick_and_cost_no_memory(tmp_path: Path, out_dir: Path) -> None:
    """Within 200 ms in a warm sandbox and 150 MB above it, each; a good film is made by the same sandbox behind all."""
    async with FilmRunner() as runner:
        good = film(tmp_path / "good.mp4", size=(64, 48))
        await runner.process_film(good, out_dir, LIMITS)
        assert runner._child is not None
        process = psutil.Process(runner._child.pid)
        idle = process.memory_info().rss
        for name, maker in MAKERS.items():
            source = maker(tmp_path / name)
            declared = "video/webm" if name == "wrong.webm" else None
            begun = time.perf_counter()
            with pytest.raises(MediaRejected) as caught:
                await runner.process_film(source, out_dir, LIMITS, declared_type=declared)
            took = (time.perf_counter() - begun) * 1000
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024
            sys.stderr.write(f"{name:26} {took:6.1f} ms  +{(peak - idle) / MB:5.1f} MB  {caught.value.message}\n")
            assert took < 200
            assert peak - idle < 150 * MB
        assert runner._child.pid == process.pid
        assert (await runner.process_film(good, out_dir, LIMITS)).duration == 1


async def test_a_table_of_inputs(runner: FilmRunner, tmp_path: Path) -> None:
    posters: dict[str, Path] = {}
    for name, maker in (INPUTS | LARGE).items():
        source = maker(tmp_path / name)
        out = tmp_path / f"out {name}"
        out.mkdir()
        begun = time.perf_counter()
        made = await runner.process_film(source, out, LIMITS)
        sys.stderr.write(f"{name:22} {row(made)} {time.perf_counter() - begun:5.1f} s\n")
        assert made.duration > 0
        pictures = [one for one in made.poster if one.format is ImageFormat.JPEG and not one.is_square]
        posters[name] = max(pictures, key=lambda one: one.width).path
    SHEET.write_bytes(contact_sheet(posters))
    assert SHEET.stat().st_size < 300_000


def row(made: RenderedFilm) -> str:
    sizes = {file.name: file.bytes for file in made.files}
    tracks = " ".join(f"{name.removesuffix('.mp4')} {size // 1024}K" for name, size in sizes.items() if ".mp4" in name)
    poster = " ".join(f"{one.format.value}{one.width}{'s' if one.is_square else ''}" for one in made.poster)
    sound = "sound" if made.has_sound else "silent"
    return f"READY {made.width}×{made.height} {made.duration} s {sound}: {tracks}; poster {poster}"


async def test_no_place_and_no_camera_is_left(runner: FilmRunner, tmp_path: Path) -> None:
    files: list[Path] = []
    for number in range(20):
        name = f"{number}.{('mp4', 'mov')[number % 2]}"
        source = tagged(film(tmp_path / f"plain {name}", seconds=1), tmp_path / name, number)
        found = exiftool("-n", "-json", source)
        assert json.loads(found)[0]["GPSLatitude"] == pytest.approx(60 + number / 10)
        out = tmp_path / f"out {number}"
        out.mkdir()
        made = await runner.process_film(source, out, LIMITS)
        assert made.source.latitude == pytest.approx(60 + number / 10)
        assert made.source.longitude == -21.5
        assert made.source.camera == f"Heliograph Phone {number}"
        assert made.source.captured_at is not None
        files += out.iterdir()
    said = exiftool("-a", "-G", "-ee", *files)
    told = [line for line in said.splitlines() if any(word in line for word in ("GPS", "Heliograph", "Phone", "2025:"))]
    sys.stderr.write(f"{len(files)} files: {len(told)} lines of exiftool tell of a place, a camera or a day\n")
    assert [line for line in told if "File" not in line.partition("]")[0]] == []
    assert all(b"Heliograph" not in path.read_bytes() and b"-021.5" not in path.read_bytes() for path in files)


def exiftool(*arguments: str | Path) -> str:
    return subprocess.run(["exiftool", *arguments], capture_output=True, check=False).stdout.decode()
