"""Files that are no films, or worse ones than they seem."""

import ctypes
import os
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

from tests.media.film.filming import ffmpeg, film

BILLION = 10**9


def claiming(path: Path, box: bytes) -> Path:
    """An MP4 in which the header `mvhd` or `mdhd` claims 10^9 seconds."""
    data = bytearray(film(path, size=(64, 48), sound=None).read_bytes())
    struct.pack_into(">II", data, data.index(box) + 16, 1, BILLION)
    path.write_bytes(data)
    return path


def claiming_samples(path: Path) -> Path:
    """An MP4 in which the table of samples claims that each lasts a day."""
    data = bytearray(film(path, size=(64, 48), sound=None).read_bytes())
    struct.pack_into(">I", data, data.index(b"stts") + 16, 2**31)
    path.write_bytes(data)
    return path


def claiming_webm(path: Path) -> Path:
    data = bytearray(film(path, "vp9", size=(64, 48), sound=None).read_bytes())
    struct.pack_into(">d", data, data.index(b"\x44\x89\x88") + 3, BILLION * 1000.0)
    path.write_bytes(data)
    return path


def cut(path: Path, codec: str = "h264", *more: str) -> Path:
    data = film(path, codec, *more, size=(64, 48), sound=None).read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    return path


def only_sound(path: Path) -> Path:
    ffmpeg("-f", "lavfi", "-i", "sine=440:d=1", "-c:a", "aac", str(path))
    return path


def endless_gif(path: Path, frames: int = 100_000) -> Path:
    """A GIF of one pixel."""
    frame = b"\x21\xf9\x04\0\x0a\0\0\0" + b"\x2c\0\0\0\0\x01\0\x01\0\0" + b"\x02\x02\x44\x01\0"
    head = b"GIF89a\x01\0\x01\0\x80\0\0\xff\xff\xff\0\0\0"
    path.write_bytes(head + frame * frames + b"\x3b")
    return path


def written(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    return path


def playlist(path: Path, *targets: str) -> Path:
    """An HLS playlist that has the name of a film."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:3", "#EXT-X-TARGETDURATION:2", "#EXT-X-MEDIA-SEQUENCE:0"]
    for target in targets:
        lines += ["#EXTINF:2.0,", target]
    path.write_text("\n".join([*lines, "#EXT-X-ENDLIST", ""]))
    return path


MAKERS: dict[str, Callable[[Path], Path]] = {
    "movie claims.mp4": lambda path: claiming(path, b"mvhd"),
    "media claims.mp4": lambda path: claiming(path, b"mdhd"),
    "samples claim.mp4": claiming_samples,
    "claims.webm": claiming_webm,
    "long.mp4": lambda path: film(path, size=(64, 48), seconds=62, rate=1, sound=None),
    "cut.mp4": cut,
    "cut behind its index.mp4": lambda path: cut(path, "h264", "-movflags", "+faststart"),
    "cut.mov": cut,
    "cut.webm": lambda path: cut(path, "vp9"),
    "sound.mp4": only_sound,
    "codec.mp4": lambda path: film(path, "mpeg4", size=(64, 48), sound=None),
    "wrong.webm": lambda path: film(path, "h264", "-f", "mp4", size=(64, 48), sound=None),
    "frames.gif": endless_gif,
    "text.mp4": partial(written, b"Dear diary, today\n" * 1000),
    "noise.mp4": partial(written, b"\0\0\0\x18ftypmp42" + bytes(range(1, 256)) * 400),
    "playlist.mp4": lambda path: playlist(path, "/etc/passwd", "http://127.0.0.1:9/"),
    "picture.svg": partial(written, b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
    "paper.pdf": partial(written, b"%PDF-1.7\n" * 100),
    "empty.mp4": partial(written, b""),
}


@contextmanager
def watched(path: Path) -> Iterator[list[int]]:
    """The list is filled, at the end, with how often the file was opened or read meanwhile (inotify)."""
    libc = ctypes.CDLL(None)
    watch = libc.inotify_init1(os.O_NONBLOCK)
    assert libc.inotify_add_watch(watch, str(path).encode(), 0x1 | 0x20) > 0
    seen: list[int] = []
    try:
        yield seen
        with suppress(BlockingIOError):
            seen.append(len(os.read(watch, 65_536)))
    finally:
        os.close(watch)


@contextmanager
def listening() -> Iterator[socket.socket]:
    """A socket on loopback; accepting from it raises BlockingIOError where nobody came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server
