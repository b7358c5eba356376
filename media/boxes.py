"""Boxes of the ISO base media file format (HEIC, AVIF, MP4, QuickTime). No decoding."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass

from media.budget import Budget


class BoxCutShort(Exception):
    """A box ends behind the end of what holds it."""


class LooseEnd(BoxCutShort):
    """Behind the last box something is left that is too short for another."""


class BoxDamaged(Exception):
    """A box says that it is shorter than what says so."""


@dataclass(frozen=True, slots=True)
class Box:
    """A box whose header lies at `at`, and its content at `start` up to `end` of the file."""

    kind: bytes
    at: int
    start: int
    end: int


def boxes(data: bytes | mmap.mmap, at: int, end: int, budget: Budget) -> Iterator[Box]:
    """The boxes between two places of a file, each of which is spent from the budget. Raises BoxCutShort, LooseEnd,
    BoxDamaged, and MediaRejected where there are too many."""
    while at < end:
        budget.spend()
        if at + 8 > end:
            raise LooseEnd
        size, start = int.from_bytes(data[at : at + 4], "big"), at + 8
        if size == 1:
            start += 8
            if start > end:
                raise BoxCutShort
            size = int.from_bytes(data[at + 8 : start], "big")
        elif size == 0:  # up to the end of what holds it
            size = end - at
        if size < start - at:
            raise BoxDamaged
        if at + size > end:
            raise BoxCutShort
        yield Box(data[at + 4 : at + 8], at, start, at + size)
        at += size


def brands(head: bytes) -> list[bytes]:
    """The brands of a file that begins so, the major one first; none where it does not begin with an `ftyp`."""
    size = int.from_bytes(head[:4], "big")
    if head[4:8] != b"ftyp" or size < 16:
        return []
    listed = head[16 : min(size, len(head))]
    return [head[8:12], *(listed[at : at + 4] for at in range(0, len(listed) - 3, 4))]
