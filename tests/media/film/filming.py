"""Films to work on, made by ffmpeg on the spot."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from media.film.ffmpeg import program

PICTURE = "testsrc2=s={width}x{height}:r={rate}:d={seconds}"
SOUND = ("-f", "lavfi", "-i", "sine=440:d={seconds}")
CODERS = {
    "h264": ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    "hevc": ("-c:v", "libx265", "-x265-params", "log-level=none", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    "vp9": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-pix_fmt", "yuv420p"),
    "av1": ("-c:v", "libsvtav1", "-preset", "13", "-svtav1-params", "lp=1", "-pix_fmt", "yuv420p"),
    "mpeg4": ("-c:v", "mpeg4"),
}


def ffmpeg(*arguments: str) -> str:
    """What it said on its standard output."""
    done = subprocess.run(
        [program(), "-v", "error", "-nostdin", "-y", *arguments], capture_output=True, check=True, timeout=300
    )
    return done.stdout.decode()


def film(
    path: Path,
    codec: str = "h264",
    *more: str,
    size: tuple[int, int] = (320, 240),
    seconds: float = 1,
    rate: int = 30,
    sound: str | None = "aac",
) -> Path:
    """A moving test picture, with a tone where `sound` names a codec. `more` are options of the output."""
    picture = PICTURE.format(width=size[0], height=size[1], rate=rate, seconds=seconds)
    given = ["-f", "lavfi", "-i", picture]
    given += [word.format(seconds=seconds) for word in SOUND] if sound else []
    given += [*CODERS[codec], *(("-c:a", sound) if sound else ())]
    ffmpeg(*given, *more, str(path))
    return path


def turned(source: Path, target: Path, degrees: int) -> Path:
    """As a phone writes what was filmed upright: lying, with a matrix that turns it."""
    ffmpeg("-display_rotation", str(degrees), "-i", str(source), "-c", "copy", str(target))
    return target


def packets(path: str | Path, stream: str = "v") -> list[tuple[float, float, bool]]:
    """Time shown, duration (seconds) and whether it is a keyframe, of each frame as it is shown."""
    return sorted(
        (int(fields[2]) * base, int(fields[3]) * base, "F=0x0" not in fields[-1])
        for base, fields in _lines("-copyts", "-i", str(path), "-map", f"0:{stream}", "-c", "copy")
    )


def frames(path: str | Path) -> list[float]:
    """The times at which frames are shown that a decoder gives, which stands no error."""
    given = ("-xerror", "-copyts", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough")
    return [int(fields[2]) * base for base, fields in _lines(*given)]


def _lines(*arguments: str) -> Iterator[tuple[float, list[str]]]:
    """The time base, and the fields, of each line that tells of a frame."""
    base = 1.0
    for line in ffmpeg(*arguments, "-f", "framecrc", "-").splitlines():
        if line.startswith("#tb"):
            above, _, below = line.split(": ")[1].partition("/")
            base = int(above) / int(below)
        elif not line.startswith("#"):
            yield base, [field.strip() for field in line.split(",")]
