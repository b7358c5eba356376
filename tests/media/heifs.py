"""HEIC and AVIF, box by box: what no encoder writes, and what a file claims without having it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from media.heif import Heif

_ESSENTIAL = {b"hvcC", b"av1C", b"irot", b"imir", b"clap"}


def box(kind: bytes, *content: bytes) -> bytes:
    inside = b"".join(content)
    return (8 + len(inside)).to_bytes(4, "big") + kind + inside


def full(kind: bytes, *content: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, bytes([version]), flags.to_bytes(3, "big"), *content)


def number(value: int, size: int = 2) -> bytes:
    return value.to_bytes(size, "big")


def ispe(width: int, height: int) -> bytes:
    return full(b"ispe", number(width, 4), number(height, 4))


def clap(width: int, height: int, below: int = 1, *, left: int = 0, top: int = 0) -> bytes:
    parts = (width, below, height, below, left % 2**32, 1, top % 2**32, 1)
    return box(b"clap", *(number(part, 4) for part in parts))


def nclx(primaries: int, transfer: int) -> bytes:
    return box(b"colr", b"nclx", number(primaries), number(transfer), number(6), b"\x80")


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """What an item that is a grid holds, with sizes of 32 bits."""
    return bytes([0, 1, rows - 1, columns - 1]) + number(width, 4) + number(height, 4)


@dataclass(slots=True)
class Item:
    """`properties` are boxes, `made_of` the numbers of the items of a grid."""

    kind: bytes = b"hvc1"
    content: bytes = b"pixels"
    properties: tuple[bytes, ...] = (ispe(600, 400),)
    made_of: tuple[int, ...] = ()
    is_inside: bool = False


@dataclass(slots=True)
class File:
    """As it is to be written. `extra` goes into `meta`, `parts` replaces boxes of `meta` by their kind."""

    items: Mapping[int, Item]
    primary: int = 1
    extra: bytes = b""
    parts: Mapping[bytes, bytes] = field(default_factory=dict)
    brand: bytes = b"heic"

    def __bytes__(self) -> bytes:
        head = box(b"ftyp", self.brand, number(0, 4), b"mif1", self.brand)
        begin = len(head) + len(self._meta(0)) + 8
        pixels = b"".join(item.content for item in self.items.values() if not item.is_inside)
        return head + self._meta(begin) + box(b"mdat", pixels)

    def _meta(self, begin: int) -> bytes:
        kept = {
            b"hdlr": full(b"hdlr", number(0, 4), b"pict", bytes(13)),
            b"pitm": full(b"pitm", number(self.primary)),
            b"iinf": full(b"iinf", number(len(self.items)), *self._entries()),
            b"iloc": full(b"iloc", b"\x44\0", number(len(self.items)), *self._places(begin), version=1),
            b"iprp": box(b"iprp", box(b"ipco", *self._properties()), self._associations()),
            b"iref": full(b"iref", *self._references()),
            b"idat": box(b"idat", *(item.content for item in self.items.values() if item.is_inside)),
        }
        if not any(item.is_inside for item in self.items.values()):
            del kept[b"idat"]
        if not any(item.made_of for item in self.items.values()):
            del kept[b"iref"]
        return full(b"meta", *(kept | dict(self.parts)).values(), self.extra)

    def _entries(self) -> Iterable[bytes]:
        for one, item in self.items.items():
            yield full(b"infe", number(one), number(0), item.kind, b"\0", version=2)

    def _places(self, begin: int) -> Iterable[bytes]:
        inside = 0
        for one, item in self.items.items():
            place = number(inside if item.is_inside else begin, 4) + number(len(item.content), 4)
            yield number(one) + number(int(item.is_inside)) + number(0) + number(1) + place
            if item.is_inside:
                inside += len(item.content)
            else:
                begin += len(item.content)

    def _properties(self) -> list[bytes]:
        return [one for item in self.items.values() for one in item.properties]

    def _associations(self) -> bytes:
        listed, at = [], 1
        for one, item in self.items.items():
            indices = [
                index | 0x80 if part[4:8] in _ESSENTIAL else index
                for index, part in enumerate(item.properties, start=at)
            ]
            listed.append(number(one) + bytes([len(indices), *indices]))
            at += len(indices)
        return full(b"ipma", number(len(listed), 4), *listed)

    def _references(self) -> Iterable[bytes]:
        for one, item in self.items.items():
            if item.made_of:
                yield box(b"dimg", number(one), number(len(item.made_of)), *map(number, item.made_of))


def plain(**changed: object) -> Heif:
    """What is claimed of a picture of 600×400."""
    claims = Heif("HEVC", 600, 400, largest=(600, 400), nclx=None, crop=None, tiles=1, exif=b"")
    return replace(claims, **changed)  # type: ignore[arg-type]
