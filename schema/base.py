"""What all types share: nodes, pages, and how a refusal is told."""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar

import strawberry
from strawberry.scalars import ID

from core.errors import UserErrorCode, UserFault


def describe_values(enum: type[Enum], descriptions: Mapping[str, str]) -> None:
    """Describes the values of an enum that a lower room owns. Raises KeyError where one is left out."""
    for value in enum.__strawberry_definition__.values:  # type: ignore[attr-defined]
        value.description = descriptions[value.name]


DESCRIBED_CODES = {
    "INVALID": "The value is not of the form asked for.",
    "TOO_SHORT": "Shorter, or fewer, than allowed.",
    "TOO_LONG": "Longer, or more, than allowed.",
    "TAKEN": "Somebody else has it.",
    "NOT_FOUND": "There is no such thing, or you may not see it.",
    "NOT_ALLOWED": "You can see it, but may not do this with it.",
    "BLOCKED": "You block this person: unblock first.",
    "ALREADY_DONE": "It was done before and cannot be done twice.",
    "WRONG_CREDENTIALS": "Name, password or token do not fit.",
    "SECOND_FACTOR_REQUIRED": "Send the code of your second factor too.",
    "WRONG_SECOND_FACTOR": "The code of the second factor does not fit.",
    "EXPIRED": "It was valid once, but no longer.",
    "UNSUPPORTED_MEDIA": "A file of this kind is not taken.",
    "MEDIA_TOO_LARGE": "The file is larger than allowed.",
    "MEDIA_NOT_READY": "The upload is not processed yet, or failed.",
    "QUOTA_EXCEEDED": "You have used up what you may do in this time.",
    "REJECTED": "Refused by the rules of this place.",
}

strawberry.enum(UserErrorCode, description="What a person can put right.")
describe_values(UserErrorCode, DESCRIBED_CODES)


@strawberry.interface(description="Anything with an id of its own, to be fetched again by `node`.")
class Node:
    global_id: ID = strawberry.field(name="id", description="Opaque; the same for ever.")


@strawberry.interface(description="What people can like.")
class Likeable(Node):
    like_count: int = strawberry.field(description="How many people like it: the same for every viewer.")
    viewer_has_liked: bool = strawberry.field(description="Whether you like it; false for an anonymous caller.")


@strawberry.type(name="PageInfo", description="Where a page stands in its list.")
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follows behind `endCursor`.")
    has_previous_page: bool = strawberry.field(description="Whether something stands before `startCursor`.")
    start_cursor: str | None = strawberry.field(description="Cursor of the first edge; null on an empty page.")
    end_cursor: str | None = strawberry.field(description="Cursor of the last edge: send it as `after`.")


NodeType = TypeVar("NodeType")


@strawberry.type(description="An item of a list, with where it stands.")
class Edge(Generic[NodeType]):
    node: NodeType = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Where it stands: send it as `after` to go on behind it.")


@strawberry.type(description="A page of a list.")
class Connection(Generic[NodeType]):
    edges: list[Edge[NodeType]] = strawberry.field(description="The items with their cursors, in order.")
    nodes: list[NodeType] = strawberry.field(description="The items without the cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")


@strawberry.type(description="Why a mutation was refused, so that a person can put it right.")
class UserError:
    code: UserErrorCode = strawberry.field(description="The kind of refusal, for programs.")
    message: str = strawberry.field(description="The refusal in a sentence, for people.")
    field: list[str] | None = strawberry.field(description="The input field that it is about, as a path.")


@strawberry.type(description="That something was done, or why it was refused.")
class AcknowledgedPayload:
    ok: bool = strawberry.field(default=False, description="Whether it was done.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.")


PayloadType = TypeVar("PayloadType")


async def answered(payload: Callable[..., PayloadType], work: Callable[[], Awaitable[dict[str, Any]]]) -> PayloadType:
    """The one place where a typed refusal becomes `userErrors`: outside the transaction, which it rolled back.

    `work` gives the payload's fields on success.
    """
    try:
        fields = await work()
    except UserFault as fault:
        path = list(fault.field) if fault.field else None
        return payload(user_errors=[UserError(code=fault.code, message=fault.message, field=path)])
    return payload(**fields, user_errors=[])
