"""Hashtags by their name, and following them."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, cast

import strawberry

from core.errors import UserFault
from loaders.context import Context
from resolvers.mutations import change, mutation
from schema.hashtag import FollowHashtagInput, Hashtag, HashtagPayload, UnfollowHashtagInput
from services.backend import Backend
from services.discovery.following import checked_hashtag, follow_hashtag, hashtag_called, unfollow_hashtag
from services.visible import HashtagRow

Info = strawberry.Info[Context, None]
NAME = "In any way of writing it, with or without the sign: at most 100 characters."


@strawberry.type
class HashtagsQuery:
    @strawberry.field(
        description="The hashtag of this name; null for what is none, and for one under which there is no post, unless"
        " you have followed it."
    )
    async def hashtag(
        self,
        info: Info,
        name: Annotated[str, strawberry.argument(description=NAME)],
    ) -> Hashtag | None:
        context = info.context
        try:
            called = checked_hashtag(name)
        except UserFault:
            return None
        found = await hashtag_called(context.backend, context.reader, context.viewer_id, called)
        return cast(Hashtag | None, context.found(found))


@strawberry.type
class HashtagsMutation:
    @mutation(description="Follows a hashtag: posts with it are in your home feed then. Nobody is told.")
    async def follow_hashtag(
        self, info: Info, input: Annotated[FollowHashtagInput, strawberry.argument(description="What to follow.")]
    ) -> HashtagPayload | None:
        return await change(info, HashtagPayload, lambda context: _do(context, follow_hashtag, input.name))

    @mutation(description="Ends following a hashtag.")
    async def unfollow_hashtag(
        self,
        info: Info,
        input: Annotated[UnfollowHashtagInput, strawberry.argument(description="What to follow no more.")],
    ) -> HashtagPayload | None:
        return await change(info, HashtagPayload, lambda context: _do(context, unfollow_hashtag, input.name))


async def _do(
    context: Context, work: Callable[[Backend, int, str], Awaitable[HashtagRow]], name: str
) -> dict[str, Any]:
    return {"hashtag": await work(context.backend, context.signed_in().id, name)}
