"""What a camera wrote into a film, for its owner. Nothing of it is left in anything that is made of it."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

_LONGEST_CAMERA = 100
_POSITION = re.compile(r"([+-]\d{2,6}(?:\.\d+)?)([+-]\d{3,7}(?:\.\d+)?)")
_APPLE = "com.apple.quicktime."
_ZONE = re.compile(r"([+-]\d{2})(\d{2})$")


def captured_at(tags: Mapping[str, str]) -> datetime | None:
    """In UTC."""
    for name in (_APPLE + "creationdate", "creation_time", "date", "date_utc"):
        written = _ZONE.sub(r"\1:\2", tags.get(name, "").strip())
        try:
            moment = datetime.fromisoformat(written)
        except ValueError:
            continue
        try:
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except OverflowError:
            continue
        # What a clock that was never set says is no time: 1904 and 1970 are where formats begin to count.
        if moment.year > 1970:
            return moment
    return None


def camera(tags: Mapping[str, str]) -> str | None:
    """Make and model, the make once."""
    make = _first(tags, _APPLE + "make", "com.android.manufacturer", "make")
    model = _first(tags, _APPLE + "model", "com.android.model", "model")
    name = model if model.lower().startswith(make.lower()) else f"{make} {model}"
    return name.strip()[:_LONGEST_CAMERA].strip() or None


def position(tags: Mapping[str, str]) -> tuple[float, float] | None:
    """Latitude and longitude in degrees, of ISO 6709: ±DD.D±DDD.D, also with minutes and seconds."""
    found = _POSITION.match(_first(tags, _APPLE + "location.iso6709", "location", "location-eng"))
    if found is None:
        return None
    latitude, longitude = _degrees(found[1], 2), _degrees(found[2], 3)
    return (latitude, longitude) if abs(latitude) <= 90 and abs(longitude) <= 180 else None


def _first(tags: Mapping[str, str], *names: str) -> str:
    value = next((tags[name] for name in names if tags.get(name)), "")
    return "".join(character for character in value if character.isprintable()).strip()


def _degrees(written: str, digits: int) -> float:
    sign = -1 if written[0] == "-" else 1
    whole, _, part = written[1:].partition(".")
    fraction = float(f"0.{part or 0}")
    degrees, rest = int(whole[:digits]), whole[digits:]
    if len(rest) >= 4:
        return sign * (degrees + int(rest[:2]) / 60 + (int(rest[2:4]) + fraction) / 3600)
    if len(rest) >= 2:
        return sign * (degrees + (int(rest[:2]) + fraction) / 60)
    return sign * (degrees + fraction)
