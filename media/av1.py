"""AV1 as it lies in a picture: how large its frames may be, by its sequence headers (AV1 specification, 5.5). No
decoding."""

import mmap
from collections.abc import Iterator

_SEQUENCE_HEADER = 1
_LONGEST_SIZE = 8
# What goes before the size in a header is some 200 bytes, with 32 operating points.
_MOST_OF_A_HEADER = 512


def coded_sizes(data: bytes | mmap.mmap, begin: int, end: int) -> Iterator[tuple[int, int] | None]:
    """Of each unit from `begin` to `end` the largest width and height that it allows frames to have, None where it is
    no sequence header. Ends where what follows makes no sense: a decoder does so too."""
    at = begin
    while at < end:
        kind, has_extension, has_size = data[at] >> 3 & 15, data[at] & 4, data[at] & 2
        at += 2 if has_extension else 1
        size = end - at
        if has_size:
            size, at = _leb128(data, at, end)
        if not 0 <= size <= end - at:
            return
        yield _size(data[at : at + min(size, _MOST_OF_A_HEADER)]) if kind == _SEQUENCE_HEADER else None
        at += size


def _leb128(data: bytes | mmap.mmap, at: int, end: int) -> tuple[int, int]:
    """The number, and where it ends."""
    value = 0
    for place, byte in enumerate(data[at : min(end, at + _LONGEST_SIZE)]):
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    return value, end + 1


class _Bits:
    """Bits of a header, the first first; behind its end zeros."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def next(self, count: int) -> int:
        self._left -= count
        shifted = self._value >> self._left if self._left >= 0 else 0
        return shifted & (1 << count) - 1

    def next_uvlc(self) -> None:
        zeros = 0
        while zeros < 32 and not self.next(1):
            zeros += 1
        self.next(zeros % 32)


def _size(header: bytes) -> tuple[int, int]:
    bits = _Bits(header)
    bits.next(4)  # profile, still picture
    if bits.next(1):  # a header that is reduced to what a still picture needs
        bits.next(5)
    else:
        _skip_operating_points(bits)
    of_width, of_height = bits.next(4) + 1, bits.next(4) + 1
    return bits.next(of_width) + 1, bits.next(of_height) + 1


def _skip_operating_points(bits: _Bits) -> None:
    has_model, of_delay = 0, 0
    if bits.next(1):  # timing
        bits.next(64)
        if bits.next(1):
            bits.next_uvlc()
        has_model = bits.next(1)
        if has_model:
            of_delay = bits.next(5) + 1
            bits.next(42)
    has_display_delay = bits.next(1)
    for _ in range(bits.next(5) + 1):
        bits.next(12)
        if bits.next(5) > 7:
            bits.next(1)
        if has_model and bits.next(1):
            bits.next(2 * of_delay + 1)
        if has_display_delay and bits.next(1):
            bits.next(4)
