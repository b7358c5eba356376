"""What stands between the viewer and a person, and pages of people."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import ID

from execution.batched import batched
from loaders.relationship import load_is_followed_by, load_is_requested_by
from schema.base import PageInfo, UserError

if TYPE_CHECKING:
    from schema.user import User


@strawberry.type(description="What stands between you and a person.")
class Relationship:
    is_self: bool = strawberry.field(description="Whether it is you.")
    is_following: bool = strawberry.field(description="Whether you follow them.")
    is_followed_by: bool = batched(load_is_followed_by, description="Whether they follow you.")
    has_requested_to_follow: bool = strawberry.field(description="Whether you asked to follow them, and wait.")
    is_requested_by: bool = batched(load_is_requested_by, description="Whether they asked to follow you, and wait.")


@strawberry.type(description="A person in a list, with where they stand.")
class UserEdge:
    node: Annotated["User", strawberry.lazy("schema.user")] = strawberry.field(description="The person.")
    cursor: str = strawberry.field(description="Where they stand: send it as `after` to go on behind them.")
    since: datetime | None = strawberry.field(description="Since when: when they followed, or liked.")


@strawberry.type(description="A page of people.")
class UserConnection:
    edges: list[UserEdge] = strawberry.field(description="The people with their cursors, in order.")
    nodes: list[Annotated["User", strawberry.lazy("schema.user")]] = strawberry.field(
        description="The people without the cursors."
    )
    page_info: PageInfo = strawberry.field(description="Where this page stands.")


@strawberry.input(description="Whom to follow.")
class FollowInput:
    user_id: ID = strawberry.field(description="Someone else. Who has a private account is asked first.")


@strawberry.input(description="Whom to follow no more.")
class UnfollowInput:
    user_id: ID = strawberry.field(description="The person; that you ask them is taken back too.")


@strawberry.input(description="Whom to block.")
class BlockInput:
    user_id: ID = strawberry.field(description="Someone else. You can block 10,000 people at most.")


@strawberry.input(description="Whom to block no more.")
class UnblockInput:
    user_id: ID = strawberry.field(description="The person. What the block ended stays ended.")


@strawberry.type(description="A person after a change, or why it was refused.")
class UserPayload:
    user: Annotated["User", strawberry.lazy("schema.user")] | None = strawberry.field(
        default=None, description="The person."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.")
