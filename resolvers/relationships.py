"""Following."""

from typing import Annotated, Any

import strawberry

from loaders.context import Context
from loaders.user import users_by_id
from models.global_ids import NodeKind
from resolvers.arguments import number_of
from resolvers.mutations import change, mutation
from schema.relationship import BlockInput, FollowInput, UnblockInput, UnfollowInput, UserPayload
from services.relationships.blocks import block, unblock
from services.relationships.follow import follow, unfollow

Info = strawberry.Info[Context, None]


@strawberry.type
class RelationshipsMutation:
    @mutation(description="Follows a person, or asks to, where the account is private.")
    async def follow(
        self, info: Info, input: Annotated[FollowInput, strawberry.argument(description="Whom to follow.")]
    ) -> UserPayload | None:
        return await change(info, UserPayload, lambda context: _follow(context, input.user_id))

    @mutation(description="Ends a follow, or takes back the asking.")
    async def unfollow(
        self, info: Info, input: Annotated[UnfollowInput, strawberry.argument(description="Whom to follow no more.")]
    ) -> UserPayload | None:
        return await change(info, UserPayload, lambda context: _unfollow(context, input.user_id))

    @mutation(
        description="Makes you and a person invisible to each other, and ends both follows. Only this, `unblock` and"
        " `Viewer.blockedUsers` show you someone whom you block."
    )
    async def block(
        self, info: Info, input: Annotated[BlockInput, strawberry.argument(description="Whom to block.")]
    ) -> UserPayload | None:
        return await change(info, UserPayload, lambda context: _block(context, input.user_id))

    @mutation(description="Ends a block.")
    async def unblock(
        self, info: Info, input: Annotated[UnblockInput, strawberry.argument(description="Whom to block no more.")]
    ) -> UserPayload | None:
        return await change(info, UserPayload, lambda context: _unblock(context, input.user_id))


async def _follow(context: Context, global_id: str) -> dict[str, Any]:
    viewer = context.signed_in()
    user_id = number_of(NodeKind.USER, global_id, "userId")
    await follow(context.backend, context.links, viewer.user, user_id)
    return {"user": (await users_by_id(context, [user_id])).get(user_id)}


async def _unfollow(context: Context, global_id: str) -> dict[str, Any]:
    viewer = context.signed_in()
    user_id = number_of(NodeKind.USER, global_id, "userId")
    await unfollow(context.backend, context.links, viewer.id, user_id)
    return {"user": (await users_by_id(context, [user_id])).get(user_id)}


async def _block(context: Context, global_id: str) -> dict[str, Any]:
    viewer = context.signed_in()
    user_id = number_of(NodeKind.USER, global_id, "userId")
    return {"user": await block(context.backend, context.links, viewer.user, user_id)}


async def _unblock(context: Context, global_id: str) -> dict[str, Any]:
    viewer = context.signed_in()
    user_id = number_of(NodeKind.USER, global_id, "userId")
    return {"user": await unblock(context.backend, context.links, viewer.id, user_id)}
