"""Films made of pictures that we trust, by moving slowly over them: the demo town's cinema."""

import asyncio
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from media.film.ffmpeg import FfmpegLimits, run_ffmpeg

FRAMES_PER_SECOND = 20
_CRF = 23
_CLEAN = ("-map_metadata", "-1", "-fflags", "+bitexact", "-flags", "+bitexact", "-threads", "1")
"""So that the same film is the same bytes each time."""
_LIMITS = FfmpegLimits(cpu_seconds=60, wall_seconds=120)
# An open chord, which swells and fades.
_CHORD = "0.08*(sin(2*PI*110*t)+sin(2*PI*165*t)+sin(2*PI*220*t))*sin(PI*t/{seconds})"


class FilmFormat(StrEnum):
    MP4 = "MP4"
    GIF = "GIF"


@dataclass(frozen=True, slots=True)
class View:
    """What of the picture fills the frame: `left` and `top` are shares of its sides, `size` the share of either side
    that is seen."""

    left: float
    top: float
    size: float


WHOLE = View(0, 0, 1)


@dataclass(frozen=True, slots=True)
class Pan:
    """From one view to another. `width` and `height` of the frame in even pixels; an MP4 may have a sound; a GIF goes
    to the second view and back, since it begins again."""

    start: View
    end: View
    width: int
    height: int
    seconds: float
    format: FilmFormat = FilmFormat.MP4
    has_sound: bool = False
    frames_per_second: int = FRAMES_PER_SECOND


async def film(jpeg: bytes, pan: Pan) -> bytes:
    """The same bytes for the same picture and pan. Raises MediaProcessingFailed, and MediaRejected where the picture
    is none."""
    with tempfile.TemporaryDirectory(prefix="heliograph-pan-") as name:
        picture, target = Path(name) / "picture.jpg", Path(name) / f"film.{pan.format.lower()}"
        await asyncio.to_thread(picture.write_bytes, jpeg)
        await run_ffmpeg(_arguments(picture, pan, target), _LIMITS)
        return await asyncio.to_thread(target.read_bytes)


def _arguments(picture: Path, pan: Pan, target: Path) -> list[str]:
    rate = str(pan.frames_per_second)
    given = ["-nostdin", "-v", "error", "-y", "-filter_threads", "1", "-filter_complex_threads", "1"]
    given += ["-threads", "1", "-f", "jpeg_pipe", "-framerate", rate, "-i", f"file:{picture}"]
    if pan.has_sound:
        chord = _CHORD.format(seconds=f"{pan.seconds:g}")
        given += ["-f", "lavfi", "-i", f"aevalsrc={chord}:s=48000:d={pan.seconds:g}"]
        given += ["-map", "1:a", "-c:a", "aac", "-b:a", "96k"]
    given += ["-filter_complex", f"[0:v]{_moves(pan)}[film]", "-map", "[film]", *_CLEAN]
    if pan.format is FilmFormat.GIF:
        return [*given, "-f", "gif", str(target)]
    given += ["-c:v", "libx264", "-preset", "superfast", "-crf", str(_CRF), "-pix_fmt", "yuv420p"]
    return [*given, "-movflags", "+faststart", "-f", "mp4", str(target)]


def _moves(pan: Pan) -> str:
    frames = round(pan.seconds * pan.frames_per_second)
    is_gif = pan.format is FilmFormat.GIF
    # From 0 to 1, slow at first and at last; of a GIF back to 0, where it begins again. ffmpeg counts from 1.
    done = f"(1-cos({'2*' if is_gif else ''}PI*(on-1)/{frames if is_gif else frames - 1}))/2"
    left, top, right, bottom = (
        f"{side}*({start:.6f}+({end - start:.6f})*{done})"
        for side, start, end in zip("WHWH", _edges(pan.start), _edges(pan.end), strict=True)
    )
    corners = (left, top), (right, top), (left, bottom), (right, bottom)
    sides = ":".join(f"x{number}='{x}':y{number}='{y}'" for number, (x, y) in enumerate(corners))
    scale = f"scale={pan.width}:{pan.height}:flags=lanczos+accurate_rnd+bitexact"
    if is_gif:
        steps = [scale, "format=gbrp"]
    else:
        steps = [f"{scale}:out_color_matrix=bt709:out_range=tv", "format=yuv420p"]
        steps.append("setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv")
    steps += [f"loop={frames - 1}:1", f"perspective={sides}:eval=frame"]
    if is_gif:
        steps.append(
            "split[seen][counted];[counted]palettegen=max_colors=128[palette];[seen][palette]paletteuse=dither=bayer"
        )
    return ",".join(steps)


def _edges(view: View) -> tuple[float, float, float, float]:
    return view.left, view.top, view.left + view.size, view.top + view.size
