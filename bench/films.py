"""Films: what they cost beside the bare ffmpeg command that makes the same renditions, as a ratio; and memory."""

import asyncio
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from media.film import command
from media.film.ffmpeg import program
from media.film.ladder import renditions_of
from media.film.probe import probe_film
from media.film.runner import FilmRunner
from media.films import FilmLimits

ROUNDS = 3
SECONDS = 8
LIMITS = FilmLimits()
_GRAIN = f"testsrc2=s=%dx%d:r=30:d={SECONDS},noise=alls=8:allf=t"
_H264 = ("-c:v", "libx264", "-preset", "ultrafast", "-b:v", "12M", "-pix_fmt", "yuv420p")
_HEVC = ("-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none", "-pix_fmt", "yuv420p10le")
INPUTS = {
    "H.264 1080p": (1920, 1080, _H264),
    "HEVC 1080p, 10 bits": (1920, 1080, _HEVC),
    "HEVC 2160p, 10 bits": (3840, 2160, _HEVC),
}


def measure(console: Console) -> dict[str, Any]:
    """One row for each input."""
    table = Table(title=f"{SECONDS} s of film, medians of {ROUNDS} rounds, interleaved")
    for column in ("", "CPU s", "bare ffmpeg", "ratio", "ffmpeg MB", "sandbox MB", "seconds"):
        table.add_column(column, justify="left" if not column else "right")
    results: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="heliograph-films-") as folder:
        for name, (width, height, coder) in INPUTS.items():
            source = Path(folder) / "in.mp4"
            picture = ("-f", "lavfi", "-i", _GRAIN % (width, height), "-f", "lavfi", "-i", f"sine=440:d={SECONDS}")
            subprocess.run([program(), "-v", "error", "-y", *picture, *coder, "-c:a", "aac", str(source)], check=True)
            one = _compare(source, Path(folder))
            results[name] = one
            table.add_row(name, *(str(value) for value in one.values()))
    console.print(table)
    return results


def _compare(source: Path, folder: Path) -> dict[str, float]:
    ours, bare, seconds = [], [], []
    peak = sandbox = 0
    for number in range(ROUNDS):
        out = folder / f"{number}"
        out.mkdir(exist_ok=True)
        began, started = _children(), time.perf_counter()
        subprocess.run([sys.executable, "-m", "bench.films", str(source), str(out)], check=True, env=os.environ)
        seconds.append(time.perf_counter() - started)
        ours.append(_children() - began - _idle())
        said = [int(number) for number in (out / "peak").read_text().split()]
        peak, sandbox = max(peak, said[0]), max(sandbox, said[1])
        began = _children()
        subprocess.run([program(), *_bare(source, out)], check=True, stdout=subprocess.DEVNULL)
        bare.append(_children() - began)
    ratio = statistics.median(one / other for one, other in zip(ours, bare, strict=True))
    return {
        "cpu": round(statistics.median(ours), 1),
        "bare_cpu": round(statistics.median(bare), 1),
        "ratio": round(ratio, 2),
        "ffmpeg_mb": peak // 2**20,
        "sandbox_mb": sandbox // 2**20,
        "seconds": round(statistics.median(seconds), 1),
    }


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _idle() -> float:
    """CPU seconds of a worker that starts and ends: it is warm where films are made."""
    began = _children()
    subprocess.run([sys.executable, "-m", "bench.films"], check=True, env=os.environ)
    return _children() - began


def _bare(source: Path, out: Path) -> list[str]:
    """What one would type: the same encoder, sizes and rates, no probe, no poster, no playlists, no second file."""
    film = probe_film(source, LIMITS)
    renditions = renditions_of(film.width, film.height)
    names = "".join(f"[v{one.name}]" for one in renditions)
    scales = ";".join(f"[v{one.name}]scale={one.width}:{one.height},format=yuv420p[{one.name}]" for one in renditions)
    given = ["-v", "error", "-nostdin", "-y", "-threads", str(command.THREADS), "-i", str(source)]
    given += ["-filter_complex", f"[0:v]fps={command.rate_of(film)},split={len(renditions)}{names};{scales}"]
    for one in renditions:
        given += ["-map", f"[{one.name}]", *command.picture(film, one), str(out / f"bare-{one.name}.mp4")]
    return [*given, "-map", "0:a", "-c:a", "aac", "-b:a", "128k", "-ac", "2", str(out / "bare.m4a")]


async def _make(source: Path, out: Path) -> None:
    """As a worker does it; tells the most memory that ffmpeg and the sandbox held."""
    async with FilmRunner() as runner:
        await runner.process_film(source, out, LIMITS)
        (sandbox,) = psutil.Process().children()
        held = _peak(sandbox.pid)
    ffmpeg = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    (out / "peak").write_text(f"{ffmpeg * 1024} {held}")


def _peak(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def _start() -> None:
    async with FilmRunner():
        pass


if __name__ == "__main__":
    asyncio.run(_make(Path(sys.argv[1]), Path(sys.argv[2])) if len(sys.argv) > 1 else _start())
