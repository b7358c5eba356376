"""Through the blocks of a JPEG, PNG, WebP or GIF: what pictures it shows, and whether it has its end. No decoding."""

import mmap
from collections.abc import Callable
from dataclasses import dataclass, field

from media.budget import Budget

MOST_BLOCKS = 200_000
"""What no picture of ours comes near: ten megabytes of GIF are 40,000."""

_OF_FCTL, _OF_ANMF, _OF_CONTROL = 26, 16, b"\4"
"""Bytes that tell the time of a picture, at least."""

Data = bytes | mmap.mmap


@dataclass(slots=True)
class Walk:
    """`delays` are those of the pictures of an animation, in milliseconds as the file has them; a GIF that does not
    move has one, other formats have none. `is_cut` says that the file ends before its format says that it does,
    `is_damaged` that it goes on with what its format does not have."""

    delays: list[int] = field(default_factory=list)
    is_cut: bool = False
    is_damaged: bool = False

    @property
    def frames(self) -> int:
        """How many pictures are shown; 1 where nothing moves."""
        return max(1, len(self.delays))


def walk(data: Data, mime: str, most_frames: int, budget: Budget | None = None) -> Walk:
    """Stops when there are more frames than that.

    libvips sees what is cut only as far as it decodes, and it decodes the first frame of an animation alone. In a JPEG
    only the headers are looked at: the length of its pixels is known after decoding. Raises MediaRejected where there
    are more blocks than the budget has; MOST_BLOCKS if none is given.
    """
    walked = Walk()
    _WALKS[mime](data, most_frames, budget or Budget(MOST_BLOCKS), walked)
    return walked


def _walk_png(data: Data, most: int, budget: Budget, walked: Walk) -> None:
    at = 8
    while at + 12 <= len(data):
        budget.spend()
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name == b"IEND":
            walked.is_cut = at + 12 + size > len(data)
            return
        if name == b"fcTL":
            if size < _OF_FCTL:
                walked.is_damaged = True
                return
            part = int.from_bytes(data[at + 28 : at + 30], "big")
            whole = int.from_bytes(data[at + 30 : at + 32], "big") or 100
            walked.delays.append(round(1000 * part / whole))
            if len(walked.delays) > most:
                return
        at += 12 + size
    walked.is_cut = True


def _walk_webp(data: Data, most: int, budget: Budget, walked: Walk) -> None:
    end = int.from_bytes(data[4:8], "little") + 8
    walked.is_cut = len(data) < 12 or end > len(data)
    at = 12
    while at + 8 <= min(end, len(data)) and len(walked.delays) <= most:
        budget.spend()
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"ANMF":
            if size < _OF_ANMF:
                walked.is_damaged = True
                return
            walked.delays.append(int.from_bytes(data[at + 20 : at + 23], "little"))
        at += 8 + size + size % 2


def _walk_jpeg(data: Data, _most: int, budget: Budget, walked: Walk) -> None:
    at = 2
    while at + 4 <= len(data):
        budget.spend()
        marker = data[at + 1]
        if data[at] != 0xFF:
            walked.is_damaged = True
            return
        if marker == 0xDA:  # the pixels begin
            return
        if marker == 0xFF:  # padding
            at += 1
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    walked.is_cut = True


def _walk_gif(data: Data, most: int, budget: Budget, walked: Walk) -> None:
    walked.is_cut = True
    end, delays, spend = len(data), walked.delays, budget.spend
    if end < 13:
        return
    at, delay = 13 + _colour_table(data[10]), 0
    # A file that ends between two blocks lacks only its trailer, which some encoders leave out.
    while at < end and len(delays) <= most:
        block = data[at]
        if block == 0x2C and at + 10 <= end:
            at += 11 + _colour_table(data[at + 9])
            delays.append(delay)
            delay = 0
        elif block == 0x21:
            if data[at + 1 : at + 2] == b"\xf9" and data[at + 2 : at + 3] >= _OF_CONTROL:
                delay = int.from_bytes(data[at + 4 : at + 6], "little") * 10
            at += 2
        else:  # its end, or damaged, or cut within a picture
            walked.is_cut, walked.is_damaged = block == 0x2C, block not in (0x2C, 0x3B)
            return
        if at < end and not data[at]:
            spend()
        while at < end and (size := data[at]):
            spend()
            at += 1 + size
        if at >= end:
            return
        at += 1
    walked.is_cut = at > end


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


_WALKS: dict[str, Callable[[Data, int, Budget, Walk], None]] = {
    "image/png": _walk_png,
    "image/webp": _walk_webp,
    "image/jpeg": _walk_jpeg,
    "image/gif": _walk_gif,
}
