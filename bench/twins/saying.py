"""What a text points at, looked up: one statement a node for the names, one for the people."""

import asyncio
from typing import Any, NamedTuple

from bench.twins.house import JSON, Caller, House, Record
from bench.twins.parts import people_by_id
from models.ids import shard_of_name
from services.entities import EntityKind, checked_entities

# $1 shards of usernames and $2 the names, $3 names of hashtags: of those that are on the node.
_NAMES = """
    SELECT 'MENTION' AS kind, c.value AS name, c.owner_id AS id
    FROM unnest($1::smallint[], $2::text[]) AS asked (shard, value)
    JOIN claims c ON c.shard = asked.shard AND c.kind = 'USERNAME' AND c.value = asked.value
    UNION ALL
    SELECT 'HASHTAG', name, id FROM hashtags WHERE name = ANY($3::text[])
"""


class Said(NamedTuple):
    """`entities` and `hashtags` as they are stored, and the people who are mentioned."""

    entities: list[JSON]
    hashtags: list[JSON]
    people: dict[int, Record]


async def said(house: House, caller: Caller, text: str, field: str) -> Said:
    """Raises UserFault where there is too much of it, and KeyError for a hashtag that has no row: the bench's have."""
    found = checked_entities(text, field)
    shards = house.backend.shards
    asked: dict[int, tuple[list[int], list[str], list[str]]] = {}
    for kind, value in {(one.kind, one.value) for one in found if one.kind is not EntityKind.LINK}:
        is_mention = kind is EntityKind.MENTION
        shard = shard_of_name(f"USERNAME:{value}" if is_mention else f"HASHTAG:{value}", shards.logical_shards)
        numbers, usernames, hashtags = asked.setdefault(shards.node_of(shard), ([], [], []))
        if is_mention:
            numbers.append(shard)
            usernames.append(value)
        else:
            hashtags.append(value)
    answers = await asyncio.gather(*(house.on(node, _NAMES, *lists) for node, lists in asked.items()))
    ids = {(row["kind"], row["name"]): row["id"] for rows in answers for row in rows}
    people = await people_by_id(house, caller, [number for (kind, _), number in ids.items() if kind == "MENTION"])
    names = dict.fromkeys(one.value for one in found if one.kind is EntityKind.HASHTAG)
    entities: list[JSON] = []
    for one in found:
        stored: dict[str, Any] = {"start": one.start, "end": one.end, "kind": one.kind.value}
        if one.kind is EntityKind.MENTION:
            person = people.get(ids.get(("MENTION", one.value), 0))
            if person is None or person["state"] != "ACTIVE" or person["username"] != one.value:
                continue
            stored["user_id"] = person["id"]
        elif one.kind is EntityKind.HASHTAG:
            stored |= {"hashtag_id": ids["HASHTAG", one.value], "name": one.value}
        else:
            stored["url"] = one.value
        entities.append(stored)
    return Said(entities, [{"id": ids["HASHTAG", name], "name": name} for name in names], people)
