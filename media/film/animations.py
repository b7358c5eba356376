"""GIF, APNG and animated WebP: size and the time of each frame, read without decoding."""

import mmap
from dataclasses import dataclass

from media.budget import Budget
from media.containers import HEAD_BYTES, sniff
from media.film.refusals import film_cut_short, film_damaged, film_too_complex
from media.walks import walk

_CONTAINERS = {"image/gif": "gif", "image/png": "apng", "image/webp": "webp_anim"}
_FIRST_CHUNKS = {"image/png": b"IHDR", "image/webp": b"VP8X"}
"""Which have the size."""
_MOST_FRAMES = _MOST_BLOCKS = 1_000_000
_SHORTEST, _INSTEAD = 20, 100


@dataclass(frozen=True, slots=True)
class Animation:
    """`delays` in milliseconds, of each frame, as browsers take them: what is shorter than 20 lasts 100."""

    container: str
    mime: str
    width: int
    height: int
    delays: list[int]


def look_at_animation(data: mmap.mmap) -> Animation | None:
    """None for what is none of the three. Raises MediaRejected where its structure makes no sense."""
    mime = sniff(data[:HEAD_BYTES])
    if mime not in _CONTAINERS:
        return None
    walked = walk(data, mime, _MOST_FRAMES, Budget(_MOST_BLOCKS, film_too_complex))
    if walked.is_damaged:
        raise film_damaged()
    if walked.is_cut:
        raise film_cut_short()
    if mime in _FIRST_CHUNKS and data[12:16] != _FIRST_CHUNKS[mime]:
        raise film_damaged()
    delays = [delay if delay >= _SHORTEST else _INSTEAD for delay in walked.delays]
    return Animation(_CONTAINERS[mime], mime, *_size(data, mime), delays)


def _size(data: mmap.mmap, mime: str) -> tuple[int, int]:
    match mime:
        case "image/gif":
            return int.from_bytes(data[6:8], "little"), int.from_bytes(data[8:10], "little")
        case "image/png":
            return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")
    return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
