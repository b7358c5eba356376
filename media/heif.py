"""HEIC and AVIF (ISO 23008-12): what their boxes claim, before a decoder sees them. No decoding."""

import mmap
from collections.abc import Iterator
from dataclasses import dataclass, field

from media.av1 import coded_sizes
from media.boxes import Box, BoxCutShort, BoxDamaged, boxes
from media.budget import Budget
from media.errors import MediaRejected, RejectionReason, cut_short, damaged, too_complex

MOST_NUMBERS = 150_000
MOST_BOXES = 10_000
"""Side by side."""
MOST_ITEMS = 4_096
"""The tiles of 100 megapixels, with those of a second picture for brighter screens, are not half as many."""
MOST_UNKNOWN = 256
"""Items that are named and not described. libavif makes each of them, and searches through all at every name."""

_MOST_EXIF = 2**20
_CODECS = {b"hvc1": "HEVC", b"av01": "AV1"}
_OTHERS = {b"avc1": "H.264", b"vvc1": "VVC", b"jpeg": "JPEG", b"j2k1": "JPEG 2000", b"unci": "uncompressed"}
_SINGLE = (b"iinf", b"iloc", b"iprp", b"pitm", b"iref", b"idat")

Data = bytes | mmap.mmap


@dataclass(frozen=True, slots=True)
class Heif:
    """What is claimed of the primary picture. Width and height are as it is to be seen: cut out and upright.

    `codec` is HEVC or AV1. `largest` is width and height of the largest area that anything in the file claims: its
    boxes, or AV1 of itself, since libavif decodes all of it and shrinks that to what the boxes say. `nclx`
    are the numbers of primaries and transfer characteristics (ISO 23091-2) where these, and no profile, say what its
    colours are. `crop` is left, top, width and height of what is cut out before it is turned. `tiles` is 1 where it is
    no grid. `exif` is what a camera wrote, as TIFF; empty where there is none.
    """

    codec: str
    width: int
    height: int
    largest: tuple[int, int]
    nclx: tuple[int, int] | None
    crop: tuple[int, int, int, int] | None
    tiles: int
    exif: bytes


def look_at_heif(data: Data) -> Heif:
    """Raises MediaRejected where the file is cut short, makes no sense, or holds more than a picture needs."""
    return _File(data).look()


class _Numbers:
    """The numbers of a box, one after the other."""

    def __init__(self, data: Data, box: Box, budget: Budget) -> None:
        self._data, self._at, self._end, self._budget = data, box.start, box.end, budget

    def next(self, size: int) -> int:
        """Of so many bytes. Raises MediaRejected where the box ends before."""
        self._budget.spend()
        if self._at + size > self._end:
            raise damaged()
        value = int.from_bytes(self._data[self._at : self._at + size], "big")
        self._at += size
        return value

    def version(self) -> tuple[int, int]:
        """Version and flags."""
        value = self.next(4)
        return value >> 24, value & 0xFFFFFF

    @property
    def is_over(self) -> bool:
        return self._at >= self._end

    @property
    def at(self) -> int:
        return self._at


@dataclass(slots=True)
class _Item:
    kind: bytes = b""
    extents: list[tuple[int, int]] = field(default_factory=list)
    properties: list[Box] = field(default_factory=list)
    made_of: list[int] = field(default_factory=list)


class _File:
    def __init__(self, data: Data) -> None:
        self._data = data
        self._budget = Budget(MOST_NUMBERS)
        self._items: dict[int, _Item] = {}
        self._unknown: set[int] = set()
        self._claims: list[tuple[int, int]] = []

    def look(self) -> Heif:
        parts = self._parts()
        self._read_items(parts[b"iinf"])
        self._read_places(parts[b"iloc"], parts.get(b"idat"))
        self._read_properties(parts[b"iprp"])
        self._read_coded_sizes()
        if b"iref" in parts:
            self._read_references(parts[b"iref"])
        numbers = self._numbers(parts[b"pitm"])
        version, _ = numbers.version()
        return self._describe(self._item(numbers.next(4 if version else 2)))

    def _numbers(self, box: Box) -> _Numbers:
        return _Numbers(self._data, box, self._budget)

    def _boxes(self, begin: int, end: int) -> Iterator[Box]:
        return boxes(self._data, begin, end, Budget(MOST_BOXES, part_of=self._budget))

    def _inside(self, box: Box, skip: int = 0) -> list[Box]:
        try:
            return list(self._boxes(box.start + skip, box.end))
        except (BoxCutShort, BoxDamaged) as error:
            raise damaged() from error

    def _named(self, number: int) -> _Item:
        """One that nobody reads where the item is not described. Raises MediaRejected where there are many of these."""
        if number in self._items:
            return self._items[number]
        self._unknown.add(number)
        if len(self._unknown) > MOST_UNKNOWN:
            raise too_complex()
        return _Item()

    def _item(self, number: int) -> _Item:
        if number not in self._items:
            raise damaged()
        return self._items[number]

    def _parts(self) -> dict[bytes, Box]:
        """The boxes that describe the items, one of each kind."""
        meta = self._meta()
        parts: dict[bytes, Box] = {}
        for box in self._inside(meta, 4):
            if box.kind in _SINGLE and box.kind in parts:  # which of them counts, everybody answers differently
                raise damaged()
            parts[box.kind] = box
        if not {b"pitm", b"iinf", b"iloc", b"iprp"} <= parts.keys():
            raise damaged()
        return parts

    def _meta(self) -> Box:
        is_film = False
        try:
            for box in self._boxes(0, len(self._data)):
                if box.kind == b"meta":
                    # What follows is nobody's business: phones append films. The places of the items tell what is cut.
                    return box
                is_film = is_film or box.kind == b"moov"
        except BoxCutShort as error:
            raise cut_short() from error
        except BoxDamaged as error:
            raise damaged() from error
        if is_film:
            raise MediaRejected(
                RejectionReason.UNSUPPORTED_TYPE, "This file is a sequence of pictures without one that stands for it."
            )
        raise cut_short()

    def _read_items(self, box: Box) -> None:
        numbers = self._numbers(box)
        version, _ = numbers.version()
        numbers.next(4 if version else 2)
        for entry in self._inside(box, numbers.at - box.start):
            if entry.kind != b"infe":
                continue
            inner = self._numbers(entry)
            version, _ = inner.version()
            if version < 2:
                continue  # older than pictures
            number = inner.next(4 if version > 2 else 2)
            inner.next(2)
            if number in self._items:
                raise damaged()
            self._items[number] = _Item(inner.next(4).to_bytes(4, "big"))
            if len(self._items) > MOST_ITEMS:
                raise too_complex()

    def _read_places(self, box: Box, idat: Box | None) -> None:
        numbers = self._numbers(box)
        version, _ = numbers.version()
        sizes = numbers.next(2)
        of_offset, of_length, of_base = sizes >> 12, sizes >> 8 & 15, sizes >> 4 & 15
        of_index = sizes & 15 if version else 0
        for _ in range(numbers.next(4 if version > 1 else 2)):
            item = self._named(numbers.next(4 if version > 1 else 2))
            method = numbers.next(2) & 15 if version else 0
            numbers.next(2)
            base = numbers.next(of_base)
            for _ in range(numbers.next(2)):
                numbers.next(of_index)
                offset, length = base + numbers.next(of_offset), numbers.next(of_length)
                item.extents.append(self._absolute(method, offset, length, idat))

    def _absolute(self, method: int, offset: int, length: int, idat: Box | None) -> tuple[int, int]:
        """Where in the file an extent begins and ends."""
        if method > 1 or (method == 1 and idat is None):
            raise damaged()
        start, end = (idat.start, idat.end) if method == 1 and idat is not None else (0, len(self._data))
        begin = start + offset
        stop = begin + length if length else end
        if begin > end or stop > end:
            raise damaged() if method == 1 else cut_short()
        return begin, stop

    def _read_properties(self, box: Box) -> None:
        shared: list[Box] = []
        for part in self._inside(box):
            if part.kind == b"ipco":
                if shared:
                    raise damaged()
                shared = self._inside(part)
                self._claims += [self._size(one) for one in shared if one.kind == b"ispe"]
        for part in self._inside(box):
            if part.kind == b"ipma":
                self._associate(part, shared)

    def _read_coded_sizes(self) -> None:
        joined = 0
        for item in self._items.values():
            if item.kind != b"av01":
                continue
            data, places = self._data, item.extents
            if len(places) > 1:
                joined += sum(end - begin for begin, end in places)
                if joined > len(self._data):  # the same bytes more than once
                    raise too_complex()
                data = b"".join(self._data[begin:end] for begin, end in places)
                places = [(0, len(data))]
            for begin, end in places:
                for size in coded_sizes(data, begin, end):
                    self._budget.spend()
                    self._claims += [] if size is None else [size]

    def _associate(self, box: Box, shared: list[Box]) -> None:
        numbers = self._numbers(box)
        version, flags = numbers.version()
        is_wide = flags & 1
        for _ in range(numbers.next(4)):
            item = self._named(numbers.next(4 if version else 2))
            for _ in range(numbers.next(1)):
                index = numbers.next(2) & 0x7FFF if is_wide else numbers.next(1) & 0x7F
                if index > len(shared):
                    raise damaged()
                if index:
                    item.properties.append(shared[index - 1])

    def _read_references(self, box: Box) -> None:
        version = self._numbers(box).version()[0]
        width = 4 if version else 2
        for part in self._inside(box, 4):
            numbers = self._numbers(part)
            item = self._named(numbers.next(width))
            made_of = [numbers.next(width) for _ in range(numbers.next(2))]
            for number in made_of:
                self._named(number)
            if part.kind == b"dimg":
                if item.made_of:
                    raise damaged()
                item.made_of = made_of

    def _size(self, ispe: Box) -> tuple[int, int]:
        numbers = self._numbers(ispe)
        numbers.version()
        return numbers.next(4), numbers.next(4)

    def _size_of(self, item: _Item) -> tuple[int, int]:
        width, height = next((self._size(one) for one in item.properties if one.kind == b"ispe"), (0, 0))
        if not width or not height:
            raise damaged()
        return width, height

    def _describe(self, primary: _Item) -> Heif:
        if not primary.extents:
            raise damaged()
        tiles = self._tiles(primary) if primary.kind == b"grid" else [primary]
        kinds = {tile.kind for tile in tiles}
        if len(kinds) > 1:
            raise damaged()
        codec = _codec(kinds.pop())
        if not all(tile.extents for tile in tiles):
            raise damaged()
        crop = self._crop(primary)
        width, height = self._size_of(primary) if crop is None else crop[2:]
        if sum(self._numbers(one).next(1) for one in primary.properties if one.kind == b"irot") & 1:
            width, height = height, width
        return Heif(
            codec=codec,
            width=width,
            height=height,
            largest=max(self._claims, key=lambda size: size[0] * size[1]),
            nclx=self._nclx(primary) if self._has_colours(primary) else self._nclx(tiles[0]),
            crop=crop,
            tiles=len(tiles),
            exif=self._exif(),
        )

    def _tiles(self, grid: _Item) -> list[_Item]:
        """Those of a grid, which fill its size and no more."""
        begin, end = grid.extents[0]
        numbers = self._numbers(Box(b"grid", begin, begin, end))
        wide = 4 if numbers.next(2) & 1 else 2
        rows, columns = numbers.next(1) + 1, numbers.next(1) + 1
        width, height = numbers.next(wide), numbers.next(wide)
        if (width, height) != self._size_of(grid) or len(grid.made_of) != rows * columns:
            raise damaged()
        tiles = [self._item(number) for number in grid.made_of]
        sizes = {self._size_of(tile) for tile in tiles}
        if len(sizes) > 1:
            raise damaged()
        across, down = sizes.pop()
        if not (columns - 1) * across < width <= columns * across or not (rows - 1) * down < height <= rows * down:
            raise damaged()
        return tiles

    def _crop(self, item: _Item) -> tuple[int, int, int, int] | None:
        """What is cut out of it, around its middle but for an offset."""
        found = [one for one in item.properties if one.kind == b"clap"]
        if not found:
            return None
        width, height = self._size_of(item)
        numbers = self._numbers(found[0])
        parts = [numbers.next(4) for _ in range(8)]
        if len(found) > 1 or not all(parts[1::2]):
            raise damaged()
        across, down = round(parts[0] / parts[1]), round(parts[2] / parts[3])
        left = round(_signed(parts[4]) / parts[5] + (width - across) / 2)
        top = round(_signed(parts[6]) / parts[7] + (height - down) / 2)
        if not across or not down or left < 0 or top < 0 or left + across > width or top + down > height:
            raise damaged()
        return left, top, across, down

    def _exif(self) -> bytes:
        item = next((one for one in self._items.values() if one.kind == b"Exif" and one.extents), None)
        if item is None or sum(end - begin for begin, end in item.extents) > _MOST_EXIF:
            return b""
        written = b"".join(self._data[begin:end] for begin, end in item.extents)
        return written[4 + int.from_bytes(written[:4], "big") :]

    def _has_colours(self, item: _Item) -> bool:
        return any(one.kind == b"colr" for one in item.properties)

    def _nclx(self, item: _Item) -> tuple[int, int] | None:
        found = None
        for one in item.properties:
            if one.kind == b"colr":
                numbers = self._numbers(one)
                if numbers.next(4).to_bytes(4, "big") != b"nclx":
                    return None
                found = found or (numbers.next(2), numbers.next(2))
        return found


def _signed(value: int) -> int:
    return value - 2**32 if value >> 31 else value


def _codec(kind: bytes) -> str:
    if kind in _CODECS:
        return _CODECS[kind]
    if kind in _OTHERS:
        raise MediaRejected(
            RejectionReason.UNSUPPORTED_CODEC,
            f"This picture is coded as {_OTHERS[kind]}; HEIC is taken with HEVC, AVIF with AV1.",
        )
    raise too_complex()  # pictures that are made of pictures
