"""What people are to each other: following, asking, blocking, muting."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import strawberry

from loaders.context import Context
from loaders.user import users_by_id
from models.global_ids import NodeKind
from resolvers.arguments import number_of
from resolvers.mutations import change, mutation
from schema.relationship import (
    AcceptFollowRequestInput,
    AddCloseFriendInput,
    BlockInput,
    DeclineFollowRequestInput,
    FollowInput,
    MuteInput,
    RemoveCloseFriendInput,
    RemoveFollowerInput,
    SetAuthorAlertsInput,
    UnblockInput,
    UnfollowInput,
    UnmuteInput,
    UserPayload,
)
from services.backend import Backend
from services.relationships.alerts import Alerts, set_alerts
from services.relationships.blocks import block, unblock
from services.relationships.close_friends import add_close_friend, remove_close_friend
from services.relationships.follow import follow, unfollow
from services.relationships.mutes import mute, unmute
from services.relationships.requests import accept_request, decline_request, remove_follower
from services.visible import MediaLinks, VisibleUser

Info = strawberry.Info[Context, None]
ById = Callable[[Backend, MediaLinks, int, int], Awaitable[VisibleUser | None]]
ByUser = Callable[[Backend, MediaLinks, VisibleUser, int], Awaitable[VisibleUser | None]]


@strawberry.type
class RelationshipsMutation:
    @mutation(
        description="Follows a person, or asks to, where the account is private. You can follow 7,500 people at most,"
        " those whom you ask included."
    )
    async def follow(
        self, info: Info, input: Annotated[FollowInput, strawberry.argument(description="Whom to follow.")]
    ) -> UserPayload | None:
        return await _by_user(info, follow, input.user_id)

    @mutation(description="Ends a follow, or takes back the asking.")
    async def unfollow(
        self, info: Info, input: Annotated[UnfollowInput, strawberry.argument(description="Whom to follow no more.")]
    ) -> UserPayload | None:
        return await _by_id(info, unfollow, input.user_id)

    @mutation(description="Makes someone follow you no more. They are not told.")
    async def remove_follower(
        self, info: Info, input: Annotated[RemoveFollowerInput, strawberry.argument(description="Who is to go.")]
    ) -> UserPayload | None:
        return await _by_user(info, remove_follower, input.user_id)

    @mutation(description="Lets someone follow you who asked to. They are told.")
    async def accept_follow_request(
        self,
        info: Info,
        input: Annotated[AcceptFollowRequestInput, strawberry.argument(description="Whose asking to accept.")],
    ) -> UserPayload | None:
        return await _by_user(info, accept_request, input.user_id)

    @mutation(description="Declines someone's asking to follow you. They are not told.")
    async def decline_follow_request(
        self,
        info: Info,
        input: Annotated[DeclineFollowRequestInput, strawberry.argument(description="Whose asking to decline.")],
    ) -> UserPayload | None:
        return await _by_user(info, decline_request, input.user_id)

    @mutation(
        description="Makes you and a person invisible to each other, and ends both follows. Only this, `unblock` and"
        " `Viewer.blockedUsers` show you someone whom you block."
    )
    async def block(
        self, info: Info, input: Annotated[BlockInput, strawberry.argument(description="Whom to block.")]
    ) -> UserPayload | None:
        return await _by_user(info, block, input.user_id)

    @mutation(description="Ends a block.")
    async def unblock(
        self, info: Info, input: Annotated[UnblockInput, strawberry.argument(description="Whom to block no more.")]
    ) -> UserPayload | None:
        return await _by_id(info, unblock, input.user_id)

    @mutation(description="Takes what a person posts out of your feeds. They cannot tell.")
    async def mute(
        self, info: Info, input: Annotated[MuteInput, strawberry.argument(description="Whom to mute.")]
    ) -> UserPayload | None:
        return await _by_id(info, mute, input.user_id)

    @mutation(description="Ends a muting.")
    async def unmute(
        self, info: Info, input: Annotated[UnmuteInput, strawberry.argument(description="Whom to mute no more.")]
    ) -> UserPayload | None:
        return await _by_id(info, unmute, input.user_id)

    @mutation(description="Makes a person a close friend of yours. They are not told.")
    async def add_close_friend(
        self, info: Info, input: Annotated[AddCloseFriendInput, strawberry.argument(description="Whom to add.")]
    ) -> UserPayload | None:
        return await _by_id(info, add_close_friend, input.user_id)

    @mutation(description="Takes a person out of your close friends. They are not told.")
    async def remove_close_friend(
        self, info: Info, input: Annotated[RemoveCloseFriendInput, strawberry.argument(description="Whom to take out.")]
    ) -> UserPayload | None:
        return await _by_id(info, remove_close_friend, input.user_id)

    @mutation(description="Says what you want to be told of an author.")
    async def set_author_alerts(
        self,
        info: Info,
        input: Annotated[SetAuthorAlertsInput, strawberry.argument(description="The author, and what to tell of.")],
    ) -> UserPayload | None:
        wanted = Alerts(posts=input.posts, stories=input.stories, reels=input.reels, live=input.live)

        async def work(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
            await set_alerts(backend, links, viewer_id, user_id, wanted)

        return await _by_id(info, work, input.user_id)


async def _by_id(info: Info, work: ById, global_id: str) -> UserPayload:
    async def as_user(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> VisibleUser | None:
        return await work(backend, links, viewer.id, user_id)

    return await _by_user(info, as_user, global_id)


async def _by_user(info: Info, work: ByUser, global_id: str) -> UserPayload:
    """`work` gives the person to be shown, or None for one who is read anew."""

    async def run(context: Context) -> dict[str, Any]:
        viewer = context.signed_in()
        user_id = number_of(NodeKind.USER, global_id, "userId")
        shown = await work(context.backend, context.links, viewer.user, user_id)
        return {"user": shown or (await users_by_id(context, [user_id])).get(user_id)}

    return await change(info, UserPayload, run)
