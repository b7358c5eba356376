"""What people write, with what it points at, as it is stored: of captions and comments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from services.accounts.lookup import users_named
from services.backend import Backend
from services.entities import Entity, EntityKind
from services.hashtags import hashtags_for
from services.visible import HashtagRow, MediaLinks, VisibleUser

Stored: TypeAlias = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Written:
    """`entities` and `hashtags` as `posts` has them (`models/tables/posts.py`)."""

    entities: Stored
    hashtags: Stored


def mentioned(entities: Sequence[Mapping[str, Any]]) -> set[int]:
    """Ids of the people in stored entities."""
    return {one["user_id"] for one in entities if one["kind"] == EntityKind.MENTION}


async def written(backend: Backend, links: MediaLinks, author_id: int, entities: Sequence[Entity]) -> Written:
    """A mention of somebody whom the author may not see is none, as is one of nobody. Hashtags that nobody has used yet
    are made. Raises ShardUnavailable."""
    usernames = {one.value for one in entities if one.kind is EntityKind.MENTION}
    people = await users_named(backend, backend.reader(), links, author_id, usernames) if usernames else {}
    names = list(dict.fromkeys(one.value for one in entities if one.kind is EntityKind.HASHTAG))
    hashtags = await hashtags_for(backend, names) if names else {}
    stored = [_stored(one, people, hashtags) for one in entities]
    return Written(
        [one for one in stored if one is not None], [{"id": hashtags[name].id, "name": name} for name in names]
    )


def _stored(
    entity: Entity, people: Mapping[str, VisibleUser], hashtags: Mapping[str, HashtagRow]
) -> dict[str, Any] | None:
    place = {"start": entity.start, "end": entity.end, "kind": entity.kind.value}
    match entity.kind:
        case EntityKind.MENTION:
            return {**place, "user_id": people[entity.value].id} if entity.value in people else None
        case EntityKind.HASHTAG:
            return {**place, "hashtag_id": hashtags[entity.value].id, "name": entity.value}
        case EntityKind.LINK:
            return {**place, "url": entity.value}
