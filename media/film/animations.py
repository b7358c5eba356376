"""GIF, APNG and animated WebP: size and the time of each frame, read without decoding."""

import mmap
import struct
from dataclasses import dataclass, field

from media.film.refusals import film_cut_short, film_damaged

_MOST_FRAMES = 1_000_000
_SHORTEST, _INSTEAD = 20, 100


@dataclass(slots=True)
class Animation:
    """`delays` in milliseconds, of each frame, as browsers take them: what is shorter than 20 lasts 100."""

    container: str
    mime: str
    width: int
    height: int
    delays: list[int] = field(default_factory=list)

    def add(self, milliseconds: int) -> None:
        if len(self.delays) >= _MOST_FRAMES:
            raise film_damaged()
        self.delays.append(milliseconds if milliseconds >= _SHORTEST else _INSTEAD)


def look_at_animation(data: mmap.mmap) -> Animation | None:
    """None for what is none of the three. Raises MediaRejected where its structure makes no sense."""
    try:
        if data[:6] in {b"GIF87a", b"GIF89a"}:
            return _look_at_gif(data)
        if data[:8] == b"\x89PNG\r\n\x1a\n":
            return _look_at_png(data)
        if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
            return _look_at_webp(data)
    except (struct.error, IndexError) as error:
        raise film_cut_short() from error
    return None


def _look_at_gif(data: mmap.mmap) -> Animation:
    made = Animation("gif", "image/gif", *struct.unpack_from("<HH", data, 6))
    at = 13 + _colours(data[10])
    delay = 0
    while at < len(data) and data[at] != 0x3B:
        if data[at] == 0x21:
            if data[at + 1] == 0xF9:
                delay = struct.unpack_from("<H", data, at + 4)[0] * 10
            at += 2
        elif data[at] == 0x2C:
            at += 11 + _colours(data[at + 9])
            made.add(delay)
            delay = 0
        else:
            raise film_damaged()
        while data[at]:
            at += 1 + data[at]
        at += 1
    return made


def _colours(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _look_at_png(data: mmap.mmap) -> Animation:
    made = Animation("apng", "image/png", *struct.unpack_from(">II", data, 16))
    at = 8
    while True:
        size, name = struct.unpack_from(">I4s", data, at)
        if at + 12 + size > len(data):
            raise film_cut_short()
        if name == b"IEND":
            return made
        if name == b"fcTL":
            part, whole = struct.unpack_from(">HH", data, at + 28)
            made.add(round(1000 * part / (whole or 100)))
        at += 12 + size


def _look_at_webp(data: mmap.mmap) -> Animation:
    if data[12:16] != b"VP8X":
        raise film_damaged()
    made = Animation("webp_anim", "image/webp", _three(data, 24) + 1, _three(data, 27) + 1)
    end = struct.unpack_from("<I", data, 4)[0] + 8
    if end > len(data):
        raise film_cut_short()
    at = 12
    while at + 8 <= end:
        name, size = struct.unpack_from("<4sI", data, at)
        if name == b"ANMF":
            made.add(_three(data, at + 20))
        at += 8 + size + size % 2
    return made


def _three(data: mmap.mmap, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")
