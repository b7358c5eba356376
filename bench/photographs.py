"""Photographs of 12 megapixels: how many a second and core, beside Pillow at full decode and beside decoding alone.

Seconds are of CPU, of all threads together, without the start of the process. Each contestant makes the same
photographs in a process of its own, whose peak memory is told. AVIF is measured apart: as what all formats take beyond
the two.
"""

import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image, ImageChops, ImageOps
from rich.console import Console
from rich.table import Table

from media.decoding import decode
from media.images import render
from media.pictures import SQUARE, VARIANT_WIDTHS, ImageFormat, Limits
from media.probe import probe

ROUNDS = 5
PHOTOGRAPHS = 6
SIZE = (4032, 3024)
LIMITS = Limits(max_bytes=2**30, max_pixels=10**8, max_side=20_000)
_TILES = (3, 3)
_SCENES = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png", "hubble_deep_field.jpg")
_GRAIN = 9
_OURS, _ALL, _PILLOW = "JPEG and WebP", "JPEG, WebP and AVIF", "Pillow, JPEG and WebP"
_SHRUNK, _FULL = "decoding alone, shrunk", "decoding alone, full, by Pillow"


def measure(console: Console) -> dict[str, Any]:
    """One row for each contestant."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in CONTESTANTS}
    with tempfile.TemporaryDirectory(prefix="heliograph-photographs-") as name:
        folder = Path(name)
        megabytes = [path.stat().st_size / 2**20 for path in make_photographs(folder)]
        for _ in range(ROUNDS):
            for contestant, said in found.items():
                said.append(_run(contestant, folder))
    sizes = f"{min(megabytes):.1f} to {max(megabytes):.1f} MB"
    table = Table(title=f"{PHOTOGRAPHS} JPEGs of 12 megapixels, {sizes}; medians of {ROUNDS} rounds, interleaved")
    for column in ("", "a second and core", "CPU ms each", "our throughput / its", "peak MB"):
        table.add_column(column, justify="left" if not column else "right")
    results: dict[str, Any] = {}
    for contestant, rounds in found.items():
        ratios = [its["cpu"] / own["cpu"] for its, own in zip(rounds, found[_OURS], strict=True)]
        cpu = statistics.median(one["cpu"] for one in rounds) / PHOTOGRAPHS
        results[contestant] = {
            "per_second_and_core": round(1 / cpu, 2),
            "cpu_ms": round(cpu * 1000),
            "ratio": round(statistics.median(ratios), 2),
            "ratio_range": [round(min(ratios), 2), round(max(ratios), 2)],
            "peak_mb": round(max(one["peak"] for one in rounds) / 2**20),
        }
        one = results[contestant]
        low, high = one["ratio_range"]
        ratio = f"{one['ratio']:.2f} ({low:.2f} to {high:.2f})"
        table.add_row(contestant, f"{1 / cpu:.2f}", str(one["cpu_ms"]), ratio, str(one["peak_mb"]))
    console.print(table)
    apart = [(every["cpu"] - own["cpu"]) / own["cpu"] for every, own in zip(found[_ALL], found[_OURS], strict=True)]
    results["AVIF beside JPEG and WebP"] = {"cpu_ratio": round(statistics.median(apart), 2)}
    console.print(f"AVIF apart: {statistics.median(apart):.2f} of the CPU time of decoding, JPEG and WebP together")
    return results


def make_photographs(folder: Path) -> Iterator[Path]:
    """As a phone's: much is to be seen, with grain, every other lies on its side. Each is of nine real ones."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        raise SystemExit("scikit-image's photographs are needed: make setup")
    data, chance = Path(spec.origin).parent / "data", random.Random(12)
    columns, rows = _TILES
    tile = (SIZE[0] // columns, SIZE[1] // rows)
    for number in range(PHOTOGRAPHS):
        whole = Image.new("RGB", SIZE)
        for place in range(columns * rows):
            with Image.open(data / chance.choice(_SCENES)) as scene:
                part = ImageOps.fit(scene.convert("RGB"), tile, Image.Resampling.BICUBIC)
            part = ImageOps.mirror(part) if chance.random() < 0.5 else part
            whole.paste(part, (place % columns * tile[0], place // columns * tile[1]))
        grain = Image.effect_noise(SIZE, _GRAIN).convert("RGB")
        exif = Image.Exif()
        exif[0x0112] = 6 if number % 2 else 1
        path = folder / f"{number}.jpg"
        ImageChops.add(whole, grain, offset=-128).save(path, quality=92, exif=exif)
        yield path


def _run(contestant: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "bench.photographs", contestant, str(folder)]
    said = subprocess.run(command, check=True, env=os.environ, stdout=subprocess.PIPE).stdout
    result: dict[str, float] = json.loads(said)
    return result


def _render(*formats: ImageFormat) -> Callable[[Path, Path], None]:
    """As the sandbox does it, probe and BlurHash included."""

    def make(source: Path, out_dir: Path) -> None:
        render(source, out_dir, probe(source, LIMITS), formats=formats)

    return make


def _render_with_pillow(source: Path, out_dir: Path) -> None:
    """The same set in the same qualities, from all pixels; no BlurHash."""
    with Image.open(source) as opened:
        upright = ImageOps.exif_transpose(opened).convert("RGB")
    upright.info = {}
    widths = [width for width in VARIANT_WIDTHS if width <= upright.width]
    made = {f"{width}": (width, round(upright.height * width / upright.width)) for width in widths}
    shown = {name: upright.resize(size, Image.Resampling.LANCZOS) for name, size in made.items()}
    shown[f"{SQUARE}s"] = ImageOps.fit(upright, (SQUARE, SQUARE), Image.Resampling.LANCZOS)
    for name, picture in shown.items():
        picture.save(out_dir / f"{name}.jpg", quality=85, optimize=True)
        picture.save(out_dir / f"{name}.webp", quality=80, method=2)


def _decode(source: Path, _: Path) -> None:
    decode(source, "image/jpeg", VARIANT_WIDTHS[-1])


def _decode_with_pillow(source: Path, _: Path) -> None:
    with Image.open(source) as opened:
        opened.load()


CONTESTANTS: dict[str, Callable[[Path, Path], None]] = {
    _OURS: _render(ImageFormat.JPEG, ImageFormat.WEBP),
    _ALL: _render(*ImageFormat),
    _PILLOW: _render_with_pillow,
    _SHRUNK: _decode,
    _FULL: _decode_with_pillow,
}


def _contest(contestant: str, folder: Path) -> dict[str, float]:
    make = CONTESTANTS[contestant]
    with tempfile.TemporaryDirectory(dir=folder) as out_dir:
        sources = sorted(folder.glob("*.jpg"))
        began = time.process_time()
        for source in sources:
            make(source, Path(out_dir))
        return {"cpu": time.process_time() - began, "peak": _peak()}


def _peak() -> int:
    """Of this process since it was started; the system counts its parent's memory into `ru_maxrss`."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_contest(sys.argv[1], Path(sys.argv[2]))))
