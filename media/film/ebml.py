"""WebM and Matroska: lengths, times and sizes as their elements claim them, and whether the file has its end."""

import mmap
import struct
from collections.abc import Iterator

from media.film.look import Look, Track, film_budget
from media.film.refusals import film_cut_short, film_damaged

_SEGMENT, _INFO, _TRACKS, _ENTRY, _CLUSTER = 0x18538067, 0x1549A966, 0x1654AE6B, 0xAE, 0x1F43B675
_SCALE, _DURATION, _TIMESTAMP, _SIMPLE, _GROUP, _BLOCK = 0x2AD7B1, 0x4489, 0xE7, 0xA3, 0xA0, 0xA1
_NUMBER, _TYPE, _CODEC, _VIDEO, _WIDTH, _HEIGHT = 0xD7, 0x83, 0x86, 0xE0, 0xB0, 0xBA
_PROJECTION, _ROLL = 0x7670, 0x7675
_EBML = b"\x1a\x45\xdf\xa3"


def is_matroska(head: bytes) -> bool:
    return head.startswith(_EBML) and (b"webm" in head[:64] or b"matroska" in head[:64])


def look_at_matroska(data: mmap.mmap) -> Look:
    """Raises MediaRejected where the file is cut short or its structure makes no sense."""
    look = Look("matroska", "video/webm")
    _Segment(data, look).read()
    return look


class _Segment:
    def __init__(self, data: mmap.mmap, look: Look) -> None:
        self._data = data
        self._look = look
        self._budget = film_budget()
        self._tick = 1e-3
        self._claimed = 0.0
        self._last: dict[int, int] = {}
        self._counts: dict[int, int] = {}

    def _number(self, at: int, *, is_size: bool) -> tuple[int | None, int]:
        """A number of variable length and where it ends; None is an unknown size."""
        if at >= len(self._data):
            raise film_cut_short()
        first = self._data[at]
        length = 9 - first.bit_length()
        if length > (8 if is_size else 4):
            raise film_damaged()
        if at + length > len(self._data):
            raise film_cut_short()
        value = int.from_bytes(self._data[at : at + length], "big")
        if is_size:
            value &= (1 << 7 * length) - 1
            if value == (1 << 7 * length) - 1:
                return None, at + length
        return value, at + length

    def _elements(self, at: int, end: int | None) -> Iterator[tuple[int, int, int | None]]:
        """Id, begin and end of those between two places. One whose length is unknown ends where its parent's next
        child begins, so whatever it holds is given as its siblings."""
        stop = len(self._data) if end is None else end
        while at < stop:
            self._budget.spend()
            name, begin = self._number(at, is_size=False)
            size, begin = self._number(begin, is_size=True)
            assert name is not None  # noqa: S101  only sizes are unknown
            if size is None:
                if name not in {_SEGMENT, _CLUSTER}:
                    raise film_damaged()
                yield name, begin, None
                at = begin
                continue
            if begin + size > stop:
                raise film_cut_short()
            yield name, begin, begin + size
            at = begin + size

    def read(self) -> None:
        self._walk(0, None)
        for track in self._look.tracks:
            last = (self._last.get(track.number, 0)) * self._tick
            track.frames = self._counts.get(track.number, 0)
            track.rate = (track.frames - 1) / last if track.frames > 1 and last else 0.0
            track.seconds = max(last, self._claimed)
            # Where no length is noted, the last frame lasts as long as the others do.
            track.shown = self._claimed or last * track.frames / max(1, track.frames - 1)
        if not self._look.tracks:
            raise film_cut_short()
        self._look.seconds = max(track.seconds for track in self._look.tracks)

    def _walk(self, at: int, end: int | None) -> None:
        readers = {_INFO: self._read_info, _TRACKS: self._read_tracks}
        time = 0
        for name, begin, stop in self._elements(at, end):
            if stop is None:
                continue
            if name in {_SEGMENT, _CLUSTER}:
                self._walk(begin, stop)
            elif name in readers:
                readers[name](begin, stop)
            elif name == _TIMESTAMP:
                time = self._whole(begin, stop)
            else:
                self._read_frames(name, begin, stop, time)

    def _read_frames(self, name: int, begin: int, end: int, time: int) -> None:
        if name == _SIMPLE:
            self._read_block(begin, time)
        elif name == _GROUP:
            for inner, first, _ in self._elements(begin, end):
                if inner == _BLOCK:
                    self._read_block(first, time)

    def _read_block(self, at: int, time: int) -> None:
        number, after = self._number(at, is_size=True)
        if number is None or after + 2 > len(self._data):
            raise film_damaged()
        (offset,) = struct.unpack_from(">h", self._data, after)
        self._last[number] = max(self._last.get(number, 0), time + offset)
        self._counts[number] = self._counts.get(number, 0) + 1

    def _whole(self, begin: int, end: int) -> int:
        if end - begin > 8:
            raise film_damaged()
        return int.from_bytes(self._data[begin:end], "big")

    def _real(self, begin: int, end: int) -> float:
        form = {4: ">f", 8: ">d"}.get(end - begin)
        if form is None:
            raise film_damaged()
        value = float(struct.unpack_from(form, self._data, begin)[0])
        if not 0 <= abs(value) < 1e30:  # nor is it a number that is none
            raise film_damaged()
        return value

    def _read_info(self, begin: int, end: int) -> None:
        duration = 0.0
        for name, first, stop in self._elements(begin, end):
            if stop is not None and name == _SCALE:
                self._tick = self._whole(first, stop) / 1e9
            elif stop is not None and name == _DURATION:
                duration = self._real(first, stop)
        self._claimed = max(0.0, duration * self._tick)

    def _read_tracks(self, begin: int, end: int) -> None:
        for name, first, stop in self._elements(begin, end):
            if name == _ENTRY and stop is not None:
                self._look.tracks.append(self._read_entry(first, stop))

    def _read_entry(self, begin: int, end: int) -> Track:
        track = Track()
        for name, first, stop in self._elements(begin, end):
            if stop is None:
                continue
            if name == _NUMBER:
                track.number = self._whole(first, stop)
            elif name == _TYPE:
                track.kind = {1: "video", 2: "audio"}.get(self._whole(first, stop), "other")
            elif name == _CODEC:
                track.codec = bytes(self._data[first : min(stop, first + 32)]).rstrip(b"\0").decode("latin-1")
            elif name == _VIDEO:
                self._read_video(track, first, stop)
        return track

    def _read_video(self, track: Track, begin: int, end: int) -> None:
        for name, first, stop in self._elements(begin, end):
            if stop is None:
                continue
            if name == _WIDTH:
                track.width = self._whole(first, stop)
            elif name == _HEIGHT:
                track.height = self._whole(first, stop)
            elif name == _PROJECTION:
                for inner, at, until in self._elements(first, stop):
                    if inner == _ROLL and until is not None:
                        track.turned = 45 < abs(self._real(at, until)) % 180 < 135
