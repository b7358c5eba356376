"""What a camera wrote into a picture, for its owner. Nothing of it is left in any variant."""

import re
import struct
import zlib
from datetime import UTC, datetime
from typing import Any

from media.vips import pyvips

_LONGEST_CAMERA = 100
_RATIONAL = re.compile(r"(\d+)/(\d+)")
_DEGREES_MINUTES_SECONDS = 3
_DESCRIPTION = re.compile(r", \w+, \d+ components, \d+ bytes\)$")


def header_of(exif: bytes) -> Any:
    """The libvips header of a picture of one pixel with this EXIF (from II or MM on), since libvips reads it in files
    alone."""
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)),
        *([(b"eXIf", exif)] if exif else []),
        (b"IDAT", zlib.compress(b"\0\0")),
        (b"IEND", b""),
    )
    written = [struct.pack(">I4s", len(data), kind) + data + _checksum(kind + data) for kind, data in chunks]
    return pyvips.Image.new_from_buffer(b"\x89PNG\r\n\x1a\n" + b"".join(written), "", access="sequential")


def _checksum(data: bytes) -> bytes:
    return struct.pack(">I", zlib.crc32(data))


def captured_at(header: Any) -> datetime | None:
    """When the picture of this libvips header was taken, in UTC; without a noted zone, local time as UTC."""
    for moment, zone in (("DateTimeOriginal", "OffsetTimeOriginal"), ("DateTimeDigitized", "OffsetTimeDigitized")):
        written = _exif(header, f"exif-ifd2-{moment}")
        if written is None:
            continue
        offset = _exif(header, f"exif-ifd2-{zone}") or "+00:00"
        try:
            parsed = datetime.strptime(f"{written} {offset}", "%Y:%m:%d %H:%M:%S %z").astimezone(UTC)
        except (ValueError, OverflowError):
            continue
        return parsed if parsed.year >= 1900 else None
    return None


def camera(header: Any) -> str | None:
    """Make and model, the make once."""
    make = _exif(header, "exif-ifd0-Make") or ""
    model = _exif(header, "exif-ifd0-Model") or ""
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return name.strip()[:_LONGEST_CAMERA].strip() or None


def place(header: Any) -> tuple[float, float] | None:
    """Latitude and longitude in degrees, north and east positive; None where either is missing or is nowhere."""
    latitude = _degrees(header, "Latitude", {"N": 1, "S": -1}, 90)
    longitude = _degrees(header, "Longitude", {"E": 1, "W": -1}, 180)
    return None if latitude is None or longitude is None else (latitude, longitude)


def _degrees(header: Any, name: str, signs: dict[str, int], most: int) -> float | None:
    field = f"exif-ifd3-GPS{name}"
    sign = signs.get(_exif(header, f"{field}Ref") or "")
    if sign is None or header.get_typeof(field) == 0:
        return None
    # libvips writes "64/1 9/1 0/1 (64, 9, 0, Rational, 3 components, 24 bytes)".
    parts = _RATIONAL.findall(str(header.get(field)).partition(" (")[0])
    if len(parts) != _DEGREES_MINUTES_SECONDS or not all(int(below) for _, below in parts):
        return None
    degrees, minutes, seconds = (int(above) / int(below) for above, below in parts)
    found = degrees + minutes / 60 + seconds / 3600
    return round(sign * found, 7) if found <= most else None


def _exif(header: Any, field: str) -> str | None:
    if header.get_typeof(field) == 0:
        return None
    # libvips writes "VALUE (VALUE, ASCII, 20 components, 20 bytes)", whatever VALUE itself looks like.
    twice = _DESCRIPTION.sub("", str(header.get(field)))
    half = twice[: (len(twice) - 2) // 2]
    value = half if twice == f"{half} ({half}" else twice.partition(" (")[0]
    return "".join(character for character in value if character.isprintable()).strip() or None
