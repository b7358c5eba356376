"""Pieces of the twins' answers."""

import asyncio
import base64
import struct
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.twins.house import JSON, Caller, House, Record
from bench.twins.sql import PEOPLE, PEOPLE_AROUND
from core.errors import not_found as core_not_found
from core.sealed import sealed
from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind

_GLOBAL = struct.Struct(">BQ")
_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def global_id(kind: int, number: int) -> str:
    return base64.urlsafe_b64encode(_GLOBAL.pack(kind, number)).decode()


def number_of(global_id: str) -> int:
    return int(_GLOBAL.unpack(base64.urlsafe_b64decode(global_id))[1])


def cursor(*numbers: int) -> str:
    return sealed(struct.pack(f">{len(numbers)}q", *numbers))


def microseconds(moment: datetime | None) -> int:
    return 0 if moment is None else (moment - _1970) // _MICROSECOND


def page_info(has_next: bool, end: str | None) -> JSON:  # noqa: FBT001
    return {"hasNextPage": has_next, "endCursor": end}


def not_found(what: str, field: str) -> JSON:
    fault = core_not_found(what, field)
    return {"code": fault.code, "message": fault.message, "field": [field]}


async def people_by_id(house: House, caller: Caller, ids: Iterable[int], sql: str = PEOPLE) -> dict[int, Record]:
    """Those of whom something may be shown; one who is deleted has that for a state."""
    wanted = set(ids) - caller.blocked
    return {row["id"]: row for row in await house.by_node(sql, wanted, caller.id)} if wanted else {}


async def people_around(
    house: House, caller: Caller, ids: Iterable[int]
) -> tuple[dict[int, Record], dict[int, Record]]:
    """Those whom the viewer may see, and of each what the viewer's own node knows."""
    wanted = set(ids) - caller.blocked
    home = house.node_of(caller.id)
    owned = house.backend.shards.by_node(wanted)
    asked = {**owned, home: list(wanted)}
    answers = await asyncio.gather(*(house.on(node, PEOPLE_AROUND, some, caller.id) for node, some in asked.items()))
    people = {row["id"]: row for rows in answers for row in rows if row["state"] == "ACTIVE"}
    own = {row["asked"]: row for row in answers[list(asked).index(home)]}
    return people, own


def relationship(caller: Caller, user_id: int, follow: str | None, own: Record) -> JSON:
    """`own` is what the viewer's node knows of the two."""
    is_self = user_id == caller.id
    return {
        "isSelf": is_self,
        "isFollowing": follow == "ACCEPTED",
        "isFollowedBy": own["back"] == "ACCEPTED",
        "hasRequestedToFollow": follow == "PENDING",
        "isRequestedBy": own["back"] == "PENDING",
        "isBlocking": user_id in caller.blocked,
        "isMuting": user_id in caller.muted,
        "isCloseFriend": own["close"] == "CLOSE",
        "alerts": {
            "posts": own["posts"] or False,
            "stories": own["stories"] or False,
            "reels": own["reels"] or False,
            "live": own["live"] or False,
        },
    }


def avatar(house: House, person: Mapping[str, Any] | Record) -> JSON | None:
    if person["avatar"] is None:
        return None
    fitting = next(v for v in person["avatar"]["variants"] if v["format"] == "JPEG" and v["width"] >= 150)
    return {"url": house.url(fitting["key"], Grant(person["id"], person["media_floor"], CachePolicy.AVATAR))}


def images(house: House, inline: list[JSON], grant: Grant, *, with_text: bool) -> list[JSON]:
    return [_image(house, image, grant, with_text=with_text) for image in inline]


def _image(house: House, image: JSON, grant: Grant, *, with_text: bool) -> JSON:
    shown = {
        "id": global_id(NodeKind.IMAGE, image["id"]),
        "width": image["width"],
        "height": image["height"],
        "blurhash": image["blurhash"],
    }
    if with_text:
        shown["altText"] = image["alt_text"]
    shown["variants"] = [
        {"url": house.url(v["key"], grant), "width": v["width"], "format": v["format"]} for v in image["variants"]
    ]
    return shown


def mentions(entities: Iterable[JSON]) -> list[int]:
    return [one["user_id"] for one in entities if one["kind"] == "MENTION"]


def shown_entities(entities: Iterable[JSON], people: Mapping[int, Record]) -> list[JSON]:
    return [{"start": one["start"], "end": one["end"], "target": _target(one, people)} for one in entities]


def _target(entity: JSON, people: Mapping[int, Record]) -> JSON | None:
    if entity["kind"] == "MENTION":
        person = people.get(entity["user_id"])
        if person is None or person["state"] != "ACTIVE":
            return None
        user_id = global_id(NodeKind.USER, person["id"])
        return {"__typename": "User", "id": user_id, "username": person["username"]}
    if entity["kind"] == "HASHTAG":
        hashtag_id = global_id(NodeKind.HASHTAG, entity["hashtag_id"])
        return {"__typename": "Hashtag", "id": hashtag_id, "name": entity["name"]}
    return {"__typename": "Link", "url": entity["url"]}
