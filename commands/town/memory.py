"""What an earlier sowing made, read at once, so that a second one has nothing to do and soon knows it."""

from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from typing import TypeVar

from core.errors import ShardUnavailable, UserErrorCode, UserFault
from models.reads.town import LIKES_OF_POSTS, MADE_BY_KEY, SAVES_OF_POSTS
from services.backend import Backend
from services.posts.create import OPERATION as CREATE_POST

PREFIX = "demo-town"
Result = TypeVar("Result")


def key(*parts: object) -> str:
    """The idempotency key of something in the plan."""
    return ":".join([PREFIX, *map(str, parts)])


@dataclass(slots=True)
class Memory:
    """`made` is the id by actor, operation and key; `liked` and `saved` have pairs of a user and a post."""

    made: dict[tuple[int, str, str], int]
    liked: set[tuple[int, int]]
    saved: set[tuple[int, int]]


async def look_back(backend: Backend, people: Collection[int]) -> Memory:
    """Three statements per node. Raises ShardUnavailable."""
    reader = backend.reader()
    rows = await reader.on_every_node(MADE_BY_KEY, list(people), f"{PREFIX}:%")
    made = {(row["actor_id"], row["operation"], row["key"]): row["result_id"] for row in rows}
    posts = [post_id for (_, operation, _), post_id in made.items() if operation == CREATE_POST]
    liked = await reader.by_ids(LIKES_OF_POSTS, posts)
    saved = await reader.by_ids(SAVES_OF_POSTS, posts)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return Memory(
        made, {(row["user_id"], row["post_id"]) for row in liked}, {(row["user_id"], row["post_id"]) for row in saved}
    )


async def if_still_there(act: Awaitable[Result]) -> Result | None:
    """None where it is not possible any more: what people of the town deleted, closed or blocked stays so."""
    try:
        return await act
    except UserFault as fault:
        if fault.code not in (UserErrorCode.NOT_FOUND, UserErrorCode.NOT_ALLOWED, UserErrorCode.BLOCKED):
            raise
        return None
