"""Boxes of the ISO base media file format (HEIC, AVIF, MP4, QuickTime). No decoding."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

MOST_BOXES = 10_000
"""What no file of ours comes near; more are refused as too much work."""


class TooManyBoxes(Exception):
    """The file is made of more boxes than anybody needs."""


class BoxCutShort(Exception):
    """A box ends behind the end of what holds it."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box whose content lies at `start` up to `end` of the file."""

    kind: bytes
    start: int
    end: int


def boxes(data: bytes | mmap.mmap, start: int, end: int) -> Iterator[Box]:
    """The boxes between two places of a file. Raises BoxCutShort, and TooManyBoxes."""
    for _ in range(MOST_BOXES):
        if start >= end:
            return
        if start + 8 > end:
            raise BoxCutShort
        size, header = int.from_bytes(data[start : start + 4], "big"), 8
        if size == 1:
            size, header = int.from_bytes(data[start + 8 : start + 16], "big"), 16
        elif size == 0:  # up to the end of the file
            size = end - start
        if size < header or start + size > end:
            raise BoxCutShort
        yield Box(data[start + 4 : start + 8], start + header, start + size)
        start += size
    raise TooManyBoxes


def brands(head: bytes) -> list[bytes]:
    """The brands of a file that begins so, the major one first; none where it does not begin with an `ftyp`."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or size < 16:
        return []
    listed = head[16 : min(size, len(head))]
    return [head[8:12], *(listed[at : at + 4] for at in range(0, len(listed) - 3, 4))]
