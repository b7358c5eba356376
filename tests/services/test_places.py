import asyncio
import secrets
from dataclasses import replace

import pytest

from core.errors import UserErrorCode, UserFault
from services.backend import Backend
from services.places import NewPlace, checked_place, place_for, places_with
from services.visible import PlaceRow


def shown(place: PlaceRow) -> tuple[str, float, float]:
    return place.name, place.latitude, place.longitude


async def test_one_name_in_one_cell_is_one_place(backend: Backend) -> None:
    cafe = NewPlace(f"Café {secrets.token_hex(4)}", 48.13712, 11.57541)
    first = await place_for(backend, cafe)
    assert shown(first) == (cafe.name, 48.13712, 11.57541)
    nearby = await place_for(backend, NewPlace(cafe.name.upper().replace(" ", "  "), 48.13799, 11.57501))
    assert (nearby.id, shown(nearby)) == (first.id, shown(first))
    for other in (replace(cafe, latitude=48.1381), replace(cafe, longitude=-11.57541), replace(cafe, name="x")):
        assert (await place_for(backend, other)).id != first.id
    found = await places_with(backend.reader(), [first.id, 1 << 40])
    assert [(number, shown(place)) for number, place in found.items()] == [(first.id, shown(first))]


async def test_made_by_many_at_once_it_is_one(backend: Backend) -> None:
    wanted = NewPlace(f"Pier {secrets.token_hex(4)}", -33.5, 151.25)
    made = await asyncio.gather(*(place_for(backend, wanted) for _ in range(8)))
    assert len({place.id for place in made}) == 1


async def test_east_and_west_meet(backend: Backend) -> None:
    name = f"Date line {secrets.token_hex(4)}"
    made = [await place_for(backend, NewPlace(name, -16.5, longitude)) for longitude in (180.0, -180.0)]
    assert made[0].id == made[1].id


def test_what_a_place_may_be() -> None:
    assert checked_place(NewPlace("  Alp ", 90, -180)) == NewPlace("Alp", 90, -180)
    assert checked_place(NewPlace("𝒳" * 100, -90, 180)).name == "𝒳" * 100


@pytest.mark.parametrize(
    ("place", "code", "field"),
    [
        (NewPlace("", 0, 0), UserErrorCode.TOO_SHORT, "name"),
        (NewPlace(" \u3000", 0, 0), UserErrorCode.TOO_SHORT, "name"),
        (NewPlace("\u200b\u200d\ufe0f", 0, 0), UserErrorCode.TOO_SHORT, "name"),
        (NewPlace("𝒳" * 101, 0, 0), UserErrorCode.TOO_LONG, "name"),
        (NewPlace("a\nb", 0, 0), UserErrorCode.INVALID, "name"),
        (NewPlace("Alp", 90.001, 0), UserErrorCode.INVALID, "latitude"),
        (NewPlace("Alp", float("nan"), 0), UserErrorCode.INVALID, "latitude"),
        (NewPlace("Alp", 0, -180.001), UserErrorCode.INVALID, "longitude"),
        (NewPlace("Alp", 0, float("inf")), UserErrorCode.INVALID, "longitude"),
    ],
)
def test_what_it_may_not_be(place: NewPlace, code: UserErrorCode, field: str) -> None:
    with pytest.raises(UserFault) as raised:
        checked_place(place, "place")
    assert (raised.value.code, raised.value.field) == (code, ("place", field))
