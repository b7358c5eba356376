"""Places: what has one name within a cell of about 100 metres is one place, a row for good, on the shard of the hash of
its key. It is called and lies as whoever used it first said."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import text

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of_name
from models.reads.pages import PLACE_BY_KEY, PLACES_BY_ID
from models.reads.reader import Reader
from services.backend import Backend
from services.relationships.names import folded
from services.text import checked_text, is_blank
from services.visible import PlaceRow

LONGEST_NAME = 100
CELLS_PER_DEGREE = 1000

_MAKE = text("""
    INSERT INTO places (id, key, name, latitude, longitude)
    VALUES (mint_id(:shard), :key, :name, :latitude, :longitude) ON CONFLICT (key) DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class NewPlace:
    """`latitude` from -90 to 90 and `longitude` from -180 to 180, in degrees."""

    name: str
    latitude: float
    longitude: float

    @property
    def key(self) -> str:
        """Two places are one if this is the same. The meridian of 180° is that of -180°."""
        longitude = -180.0 if self.longitude == 180 else self.longitude
        cell = (math.floor(self.latitude * CELLS_PER_DEGREE), math.floor(longitude * CELLS_PER_DEGREE))
        return f"{cell[0]}:{cell[1]}:{folded(self.name)}"


def checked_place(place: NewPlace, *field: str) -> NewPlace:
    """Raises UserFault: TOO_SHORT, TOO_LONG or INVALID, naming what of it is wrong."""
    name = checked_text(place.name, *field, "name", limit=LONGEST_NAME)
    if is_blank(name):
        raise UserFault(UserErrorCode.TOO_SHORT, "Name the place.", (*field, "name"))
    for axis, value, most in (("latitude", place.latitude, 90), ("longitude", place.longitude, 180)):
        if not (math.isfinite(value) and abs(value) <= most):
            raise UserFault(UserErrorCode.INVALID, f"This lies between -{most} and {most}.", (*field, axis))
    return NewPlace(name, place.latitude, place.longitude)


async def places_with(reader: Reader, place_ids: Iterable[int]) -> dict[int, PlaceRow]:
    """Those that there are, by id: one statement per node."""
    wanted = set(place_ids)
    rows = await reader.by_ids(PLACES_BY_ID, wanted) if wanted else []
    return {row["id"]: PlaceRow(**row) for row in rows}


async def place_for(backend: Backend, place: NewPlace) -> PlaceRow:
    """The place; one that nobody has used yet is made. `place` is checked. Raises ShardUnavailable."""
    key = place.key
    shard = shard_of_name(f"PLACE:{key}", backend.shards.logical_shards)
    reader = backend.reader()
    found = await reader.on_shard(shard, PLACE_BY_KEY, key)
    if not found:
        async with backend.transaction(shard) as transaction:
            new = {"name": place.name, "latitude": place.latitude, "longitude": place.longitude}
            await transaction.session.execute(_MAKE, {"shard": shard, "key": key, **new})
        found = await reader.on_shard(shard, PLACE_BY_KEY, key)
    return PlaceRow(**found[0])
