"""Everything that a phone or a browser sends as a film, small."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw

from tests.media.film.filming import CODERS, ffmpeg, film, turned

DELAYS = (100, 200, 100, 100, 300, 100)


def tagged(source: Path, target: Path, number: int = 0) -> Path:
    """With a place, a camera and a time, as phones write them into MP4 and MOV."""
    place = f"+{60 + number / 10:.4f}-021.5000/"
    apple = "com.apple.quicktime."
    said = {
        "creation_time": "2025-06-01T10:30:45Z",
        "location": place,
        f"{apple}location.ISO6709": place,
        f"{apple}make": "Heliograph",
        f"{apple}model": f"Phone {number}",
        "title": "Heliograph at home",
    }
    given = [word for name, value in said.items() for word in ("-metadata", f"{name}={value}")]
    stream = ("-metadata:s:v", "handler_name=Heliograph Phone", "-metadata:s:v", "creation_time=2025-06-01T10:30:45Z")
    ffmpeg("-i", str(source), "-c", "copy", *given, *stream, "-movflags", "use_metadata_tags", str(target))
    return target


def lying(path: Path, degrees: int = 90) -> Path:
    return turned(film(path.with_suffix(".mp4"), size=(128, 96)), path, degrees)


def animation(path: Path, size: tuple[int, int] = (101, 77)) -> Path:
    """A red disc that moves over nothing, each frame with a time of its own and in place of the one before."""
    pictures = []
    for step in range(len(DELAYS)):
        picture = Image.new("RGBA", size, (0, 0, 0, 0))
        ImageDraw.Draw(picture).ellipse((step * 10, 10, step * 10 + 40, 50), fill=(255, 0, 0, 255))
        pictures.append(picture)
    options: dict[str, dict[str, Any]] = {
        ".webp": {"lossless": True},
        ".png": {"disposal": 1},
        ".gif": {"disposal": 2, "loop": 0},
    }
    pictures[0].save(path, save_all=True, append_images=pictures[1:], duration=list(DELAYS), **options[path.suffix])
    return path


def black_first(path: Path) -> Path:
    """Half a second of black, then white."""
    half = ":s=128x96:r=10:d=0.5"
    ffmpeg("-f", "lavfi", "-i", f"color=black{half}[a];color=white{half}[b];[a][b]concat", *CODERS["h264"], str(path))
    return path


def hdr(path: Path, transfer: str = "arib-std-b67") -> Path:
    light = ("-color_primaries", "bt2020", "-color_trc", transfer, "-colorspace", "bt2020nc")
    tags = f"format=yuv420p10le,setparams=color_primaries=bt2020:color_trc={transfer}:colorspace=bt2020nc"
    return film(path, "hevc", "-vf", tags, "-pix_fmt", "yuv420p10le", *light, size=(128, 96), sound=None)


def uneven(path: Path) -> Path:
    """Frames that come as they like, as phones film in the dark."""
    return film(path, "h264", "-vf", "select='not(eq(mod(n,5),2))'", "-fps_mode", "vfr", size=(128, 96), rate=30)


INPUTS: dict[str, Callable[[Path], Path]] = {
    "h264.mp4": partial(film, size=(128, 96)),
    "silent.mp4": partial(film, size=(128, 96), sound=None),
    "rotated.mov": lying,
    "vertical.mp4": partial(film, size=(96, 128)),
    "hevc.mp4": lambda path: film(path, "hevc", "-tag:v", "hvc1", size=(128, 96)),
    "hdr.mp4": hdr,
    "vp9.webm": lambda path: film(path, "vp9", size=(128, 96), sound="libopus"),
    "av1.webm": lambda path: film(path, "av1", size=(128, 96), sound="libvorbis"),
    "av1.mp4": lambda path: film(path, "av1", size=(128, 96)),
    "wide pixels.mp4": lambda path: film(path, "h264", "-vf", "setsar=4/3", size=(96, 96)),
    "fragmented.mp4": lambda path: film(path, "h264", "-movflags", "frag_keyframe+empty_moov", size=(128, 96)),
    "fast.mp4": partial(film, size=(128, 96), rate=120),
    "uneven.mp4": uneven,
    "pcm.mov": partial(film, size=(128, 96), sound="pcm_s16le"),
    "animated.gif": animation,
    "animated.webp": animation,
    "animated.png": animation,
}
