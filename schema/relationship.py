"""What stands between the viewer and a person, and pages of people."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry
from strawberry.scalars import ID

from execution.batched import batched
from loaders.relationship import (
    load_alerts,
    load_is_blocking,
    load_is_close_friend,
    load_is_followed_by,
    load_is_muting,
    load_is_requested_by,
)
from schema.base import PageInfo, UserError

if TYPE_CHECKING:
    from schema.user import User


@strawberry.type(description="What you asked to be told of an author.")
class AuthorAlerts:
    posts: bool = strawberry.field(description="Whether of each post.")
    stories: bool = strawberry.field(description="Whether of each story.")
    reels: bool = strawberry.field(description="Whether of each reel.")
    live: bool = strawberry.field(description="Whether when they go live.")


@strawberry.type(description="What stands between you and a person.")
class Relationship:
    is_self: bool = strawberry.field(description="Whether it is you.")
    is_following: bool = strawberry.field(description="Whether you follow them.")
    is_followed_by: bool = batched(load_is_followed_by, description="Whether they follow you.")
    has_requested_to_follow: bool = strawberry.field(description="Whether you asked to follow them, and wait.")
    is_requested_by: bool = batched(load_is_requested_by, description="Whether they asked to follow you, and wait.")
    is_blocking: bool = batched(load_is_blocking, description="Whether you block them.")
    is_muting: bool = batched(load_is_muting, description="Whether you mute them. They cannot tell.")
    is_close_friend: bool = batched(
        load_is_close_friend, description="Whether they are a close friend of yours. They are not told."
    )
    alerts: AuthorAlerts = batched(load_alerts, description="What you asked to be told of them.")


@strawberry.type(description="A person in a list, with where they stand.")
class UserEdge:
    node: Annotated["User", strawberry.lazy("schema.user")] = strawberry.field(description="The person.")
    cursor: str = strawberry.field(description="Where they stand: send it as `after` to go on behind them.")
    since: datetime | None = strawberry.field(
        description="Since when: when they followed, asked, liked, were blocked, muted, made a close friend."
    )


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


@strawberry.input(description="Who is to follow you no more.")
class RemoveFollowerInput:
    user_id: ID = strawberry.field(description="Someone who follows you. They are not told.")


@strawberry.input(description="Whose asking to accept.")
class AcceptFollowRequestInput:
    user_id: ID = strawberry.field(description="Someone who asks to follow you.")


@strawberry.input(description="Whose asking to decline.")
class DeclineFollowRequestInput:
    user_id: ID = strawberry.field(description="Someone who asks to follow you. They are not told, and may ask again.")


@strawberry.input(description="Whom to block.")
class BlockInput:
    user_id: ID = strawberry.field(description="Someone else. You can block 10,000 people at most.")


@strawberry.input(description="Whom to block no more.")
class UnblockInput:
    user_id: ID = strawberry.field(description="The person. What the block ended stays ended.")


@strawberry.input(description="Whom to mute.")
class MuteInput:
    user_id: ID = strawberry.field(description="Someone else. You can mute 10,000 people at most.")


@strawberry.input(description="Whom to mute no more.")
class UnmuteInput:
    user_id: ID = strawberry.field(description="The person.")


@strawberry.input(description="Whom to make a close friend.")
class AddCloseFriendInput:
    user_id: ID = strawberry.field(description="Someone else. You can have 10,000 close friends at most.")


@strawberry.input(description="Who is to be a close friend no more.")
class RemoveCloseFriendInput:
    user_id: ID = strawberry.field(description="The person.")


@strawberry.input(description="What you want to be told of an author. What is null or left out stays as it is.")
class SetAuthorAlertsInput:
    user_id: ID = strawberry.field(description="Someone else.")
    posts: bool | None = strawberry.field(default=None, description="Whether of each post.")
    stories: bool | None = strawberry.field(default=None, description="Whether of each story.")
    reels: bool | None = strawberry.field(default=None, description="Whether of each reel.")
    live: bool | None = strawberry.field(default=None, description="Whether when they go live.")


@strawberry.type(description="A person after a change, or why it was refused.")
class UserPayload:
    user: Annotated["User", strawberry.lazy("schema.user")] | None = strawberry.field(
        default=None, description="The person."
    )
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.")
