"""Mentions, hashtags and links in what people write: captions and comments. Pure: text in, places out.

    entities_of(text)                 every entity, in order, none over another; start and end count code points
    checked_entities(text, *field)    the same, or UserFault TOO_LONG where there are too many for one text
    hashtag_name(text)                the one name of a hashtag typed without its sign, or None
    without_sign(text)                what `hashtag_name` takes, of one that is typed with its sign or without

`value` is a username in lower case, the name of a hashtag (hashtags.py) or an address with http or https. Whether
there is such a user is the caller's to look up. Rules: hashtags.py, mentions.py, links.py. Where two readings overlap,
the one that begins first counts, so `#` and `@` within an address begin nothing, and so it is in an e-mail address.

No text of a length makes much more work than another; only within one address without a space does the work of brackets
grow with the square of its length. Callers bound the length (`services/text.py`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from core.errors import UserErrorCode, UserFault
from services.entities.hashtags import HASHTAG_LENGTH, hashtag_name, hashtags_in, without_sign
from services.entities.links import links_in
from services.entities.mentions import mentions_in

__all__ = [
    "HASHTAG_LENGTH",
    "MOST_HASHTAGS",
    "MOST_MENTIONS",
    "Entity",
    "EntityKind",
    "check_entities",
    "checked_entities",
    "entities_of",
    "hashtag_name",
    "without_sign",
]

MOST_HASHTAGS, MOST_MENTIONS = 30, 20
"""How many different ones a text may have: who writes one twice tags, or tells, once."""


class EntityKind(StrEnum):
    MENTION = "MENTION"
    HASHTAG = "HASHTAG"
    LINK = "LINK"


@dataclass(frozen=True, slots=True)
class Entity:
    """`text[start:end]` stands for `value`."""

    start: int
    end: int
    kind: EntityKind
    value: str


def entities_of(text: str) -> list[Entity]:
    """In order, none over another. Any text will do, also one that `checked_text` would refuse."""
    found = [(start, end, EntityKind.HASHTAG, name) for start, end, name in hashtags_in(text)]
    found += [(start, end, EntityKind.MENTION, username) for start, end, username in mentions_in(text)]
    # An address that is no link (None) still covers its place.
    readings = [*found, *((start, end, EntityKind.LINK, url) for start, end, url in links_in(text))]
    readings.sort(key=lambda reading: reading[0])
    entities, free_from = [], 0
    for start, end, kind, value in readings:
        if start >= free_from:
            free_from = end
            if value is not None:
                entities.append(Entity(start, end, kind, value))
    return entities


def checked_entities(text: str, *field: str) -> list[Entity]:
    """`entities_of(text)`. Raises UserFault: TOO_LONG, at `field`, where it has too many."""
    entities = entities_of(text)
    check_entities(entities, *field)
    return entities


def check_entities(entities: Iterable[Entity], *field: str) -> None:
    """Raises UserFault: TOO_LONG for more than MOST_HASHTAGS hashtags or MOST_MENTIONS usernames, each counted once."""
    different = {(entity.kind, entity.value) for entity in entities}
    for kind, most, what in (
        (EntityKind.HASHTAG, MOST_HASHTAGS, "hashtags"),
        (EntityKind.MENTION, MOST_MENTIONS, "mentions"),
    ):
        if sum(of_kind is kind for of_kind, _ in different) > most:
            raise UserFault(UserErrorCode.TOO_LONG, f"Use {most} {what} at most.", field or None)
