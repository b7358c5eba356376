"""What a camera wrote into a picture, for its owner. Nothing of it is left in any variant."""

import re
from datetime import UTC, datetime
from typing import Any

_LONGEST_CAMERA = 100
_DESCRIPTION = re.compile(r", \w+, \d+ components, \d+ bytes\)$")


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


def _exif(header: Any, field: str) -> str | None:
    if header.get_typeof(field) == 0:
        return None
    # libvips writes "VALUE (VALUE, ASCII, 20 components, 20 bytes)", whatever VALUE itself looks like.
    twice = _DESCRIPTION.sub("", str(header.get(field)))
    half = twice[: (len(twice) - 2) // 2]
    value = half if twice == f"{half} ({half}" else twice.partition(" (")[0]
    return "".join(character for character in value if character.isprintable()).strip() or None
