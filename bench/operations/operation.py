"""What an operation is to the bench."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import cycle
from typing import Any, NamedTuple

import orjson

from bench.crowd.rows import Crowd
from models.global_ids import NodeKind, encode

RELATIONSHIP = """
    isSelf isFollowing isFollowedBy hasRequestedToFollow isRequestedBy isBlocking isMuting isCloseFriend
    alerts { posts stories reels live }
"""
ENTITIES = """
    start end target { __typename ... on User { id username } ... on Hashtag { id name } ... on Link { url } }
"""


class Side(IntEnum):
    """Each changes things of its own, so that neither is in the other's way."""

    HELIOGRAPH = 0
    TWIN = 1


class Call(NamedTuple):
    viewer_id: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Operation:
    """`groups` gives, for a side, calls that are sent one after the other on one connection, group after group; the
    first ones are of all viewers in turn. `requests` are sent in a round to the API, and `times` as many to the twin.
    What `changes` something is compared apart from new ids and moments."""

    name: str
    title: str
    groups: Callable[[Crowd, Side], Iterator[Sequence[Call]]]
    requests: int
    times: int = 3
    changes: bool = False


def body_of(query: str, **variables: Any) -> bytes:
    return orjson.dumps({"query": query, "variables": variables})


def page(query: str, variables: Callable[[Crowd, int], dict[str, Any]]) -> Callable[[Crowd, Side], Any]:
    """Groups of one call: each viewer in turn looks at the same again and again. `variables` are for a viewer's
    place."""

    def groups(crowd: Crowd, _: Side) -> Iterator[Sequence[Call]]:
        calls = [
            (Call(viewer, body_of(query, **variables(crowd, place))),) for place, viewer in enumerate(crowd.viewers)
        ]
        return cycle(calls)

    return groups


def posts_for(crowd: Crowd, side: Side) -> Iterator[tuple[int, str]]:
    """A viewer in turn, and the global id of a post that they may see and do not like: no pair twice."""
    posts = crowd.open_posts[side :: len(Side)]
    for number, post in enumerate(posts * len(crowd.viewers)):
        viewer = crowd.viewers[(number + number // len(posts)) % len(crowd.viewers)]
        if (viewer, post) not in crowd.liked:
            yield viewer, encode(NodeKind.POST, post)


def count_fields(value: object) -> int:
    """Fields of an answer, with those that only hold others."""
    if isinstance(value, dict):
        return sum(1 + count_fields(inner) for inner in value.values())
    return sum(map(count_fields, value)) if isinstance(value, list) else 0
