"""MP4 and MOV (ISO 14496-12): lengths, times and sizes as their boxes claim them, and whether the file has its end."""

import mmap
import struct
from collections.abc import Iterator

import numpy as np

from media.boxes import Box, BoxCutShort, BoxDamaged, LooseEnd, boxes
from media.budget import Budget
from media.film.look import Look, Track, film_budget
from media.film.refusals import film_cut_short, film_damaged, film_too_complex

_TOP = {b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"}
_MOST_HEADER = 48 * 2**20


def is_mp4(head: bytes) -> bool:
    return head[4:8] in _TOP


def film_boxes(data: mmap.mmap | bytes, at: int, end: int, budget: Budget) -> Iterator[Box]:
    """Those between two places, one after the other; QuickTime ends some lists by four zeros. Raises MediaRejected
    where one reaches beyond."""
    try:
        yield from boxes(data, at, end, budget)
    except LooseEnd:
        return
    except BoxCutShort as error:
        raise film_cut_short() from error
    except BoxDamaged as error:
        raise film_damaged() from error


def look_at_mp4(data: mmap.mmap) -> Look:
    """Raises MediaRejected where the file is cut short or its structure makes no sense."""
    look = Look("mov", "video/quicktime" if data[8:12] == b"qt  " or data[4:8] != b"ftyp" else "video/mp4")
    budget = film_budget()
    movie: Box | None = None
    walk = _Movie(data, look, budget)
    for box in film_boxes(data, 0, len(data), budget):
        if box.kind == b"moov":
            movie = box
            if box.end - box.start > _MOST_HEADER:
                raise film_too_complex()
            walk.read(box)
        elif box.kind == b"moof":
            walk.read_fragment(box)
    if movie is None:
        raise film_cut_short()
    look.seconds = max([look.seconds, *(track.seconds for track in look.tracks)])
    return look


class _Movie:
    def __init__(self, data: mmap.mmap, look: Look, budget: Budget) -> None:
        self._data = data
        self._look = look
        self._budget = budget
        self._scale = 1
        self._scales: dict[int, int] = {}
        self._steps: dict[int, int] = {}

    def _inside(self, box: Box, skip: int = 0) -> dict[bytes, Box]:
        """The first box of each name."""
        found: dict[bytes, Box] = {}
        for inner in film_boxes(self._data, box.start + skip, box.end, self._budget):
            found.setdefault(inner.kind, inner)
        return found

    def _numbers(self, form: str, box: Box, skip: int = 0) -> tuple[int, ...]:
        if box.start + skip + struct.calcsize(form) > box.end:
            raise film_damaged()
        return struct.unpack_from(form, self._data, box.start + skip)

    def _time(self, box: Box) -> tuple[int, int]:
        """Units per second and duration of a movie's or a track's header; 0 where it is not known."""
        if self._numbers(">B", box)[0] == 1:
            scale, duration = self._numbers(">IQ", box, 20)
            unknown = 2**64 - 1
        else:
            scale, duration = self._numbers(">II", box, 12)
            unknown = 2**32 - 1
        return max(1, scale), 0 if duration == unknown else duration

    def read(self, movie: Box) -> None:
        for box in film_boxes(self._data, movie.start, movie.end, self._budget):
            if box.kind == b"mvhd":
                self._scale, duration = self._time(box)
                self._look.seconds = duration / self._scale
            elif box.kind == b"mvex":
                for extends in film_boxes(self._data, box.start, box.end, self._budget):
                    if extends.kind == b"trex":
                        number, _, step = self._numbers(">III", extends, 4)
                        self._steps[number] = step
            elif box.kind == b"trak":
                self._read_track(box)

    def _read_track(self, box: Box) -> None:
        parts = self._inside(box)
        if not {b"tkhd", b"mdia"} <= parts.keys():
            raise film_damaged()
        media = self._inside(parts[b"mdia"])
        if not {b"mdhd", b"hdlr", b"minf"} <= media.keys():
            raise film_damaged()
        kind = bytes(self._data[media[b"hdlr"].start + 8 : media[b"hdlr"].start + 12])
        track = Track(kind={b"vide": "video", b"soun": "audio"}.get(kind, "other"))
        self._read_header(track, parts[b"tkhd"])
        scale, duration = self._time(media[b"mdhd"])
        self._scales[track.number] = scale
        table = self._inside(media[b"minf"]).get(b"stbl")
        if table is None:
            raise film_damaged()
        ticks = self._read_table(track, table)
        track.seconds = max(track.seconds, duration / scale, ticks / scale)
        track.shown = track.shown or max(duration, ticks) / scale
        track.rate = track.frames * scale / ticks if track.frames > 1 and ticks else 0.0
        self._look.tracks.append(track)

    def _read_header(self, track: Track, box: Box) -> None:
        if self._numbers(">B", box)[0] == 1:
            track.number, _, duration = self._numbers(">IIQ", box, 20)
            unknown, after = 2**64 - 1, 36
        else:
            track.number, _, duration = self._numbers(">III", box, 12)
            unknown, after = 2**32 - 1, 24
        track.shown = track.seconds = 0.0 if duration == unknown else duration / self._scale
        across = self._numbers(">9i", box, after + 16)
        track.turned = abs(across[1]) > abs(across[0])

    def _read_table(self, track: Track, table: Box) -> int:
        """The duration of all its samples, in its own units."""
        parts = self._inside(table)
        if b"stsd" in parts and track.kind != "other":
            entries = self._inside(parts[b"stsd"], 8)
            name, entry = next(iter(entries.items()), (b"", None))
            track.codec = name.decode("latin-1").strip()
            if track.kind == "video" and entry is not None:
                track.width, track.height = self._numbers(">HH", entry, 24)
        ticks = 0
        if b"stts" in parts:
            runs = self._table(parts[b"stts"], 4, 2, ">u4").astype(np.float64)
            track.frames = int(runs[:, 0].sum())
            ticks = int((runs[:, 0] * runs[:, 1]).sum())
        self._check_samples(parts)
        return ticks

    def _check_samples(self, parts: dict[bytes, Box]) -> None:
        """Raises MediaRejected where a sample lies beyond the end of the file."""
        for name, form in ((b"stco", ">u4"), (b"co64", ">u8")):
            if name in parts:
                chunks = self._table(parts[name], 4, 1, form)
                if chunks.size and int(chunks.max()) >= len(self._data):
                    raise film_cut_short()
        if b"stsz" in parts:
            each, count = self._numbers(">II", parts[b"stsz"], 4)
            total = each * count if each else int(self._table(parts[b"stsz"], 8, 1, ">u4").sum(dtype=np.uint64))
            if total > len(self._data):
                raise film_cut_short()

    def _table(self, box: Box, skip: int, columns: int, form: str) -> np.ndarray:
        (count,) = self._numbers(">I", box, skip)
        width = np.dtype(form).itemsize * columns
        if count * width > box.end - box.start - skip - 4:
            raise film_damaged()
        begin = box.start + skip + 4
        return np.frombuffer(self._data[begin : begin + count * width], dtype=form).reshape(count, columns)

    def read_fragment(self, fragment: Box) -> None:
        for box in film_boxes(self._data, fragment.start, fragment.end, self._budget):
            if box.kind == b"traf":
                self._read_run(box, fragment.at)

    def _read_run(self, traf: Box, place: int) -> None:
        at, step, track = 0, 0, None
        for box in film_boxes(self._data, traf.start, traf.end, self._budget):
            if box.kind == b"tfhd":
                flags, number = self._numbers(">II", box)
                track = next((one for one in self._look.tracks if one.number == number), None)
                step = self._steps.get(number, 0)
                if flags & 0x8:
                    skip = 8 + (8 if flags & 1 else 0) + (4 if flags & 2 else 0)
                    (step,) = self._numbers(">I", box, skip)
            elif box.kind == b"tfdt":
                version = self._numbers(">B", box)[0]
                (at,) = self._numbers(">Q" if version else ">I", box, 4)
            elif box.kind == b"trun" and track is not None:
                count, ticks, lead = self._read_samples(box, step)
                if not track.fragments and not track.frames:
                    track.lead = lead / self._scales.get(track.number, 1)
                at += ticks
                track.frames += count
        if track is not None:
            end = at / self._scales.get(track.number, 1)
            track.seconds = max(track.seconds, end)
            track.shown = max(track.shown, end)
            track.fragments.append((place, end))
            track.rate = track.frames / end if track.frames > 1 and end else 0.0

    def _read_samples(self, box: Box, step: int) -> tuple[int, int, int]:
        """Number and duration of the samples of a run, and by how much the first is shown after its decoding."""
        flags, count = self._numbers(">II", box)
        columns = (flags >> 8 & 0xF).bit_count()
        if not columns:
            return count, count * step, 0
        skip = 8 + (4 if flags & 1 else 0) + (4 if flags & 4 else 0)
        if count * columns * 4 > box.end - box.start - skip:
            raise film_damaged()
        begin = box.start + skip
        rows = np.frombuffer(self._data[begin : begin + count * columns * 4], dtype=">u4").reshape(count, columns)
        ticks = int(rows[:, 0].sum(dtype=np.uint64)) if flags & 0x100 else count * step
        return count, ticks, int(rows[0, -1]) if flags & 0x800 and count else 0
