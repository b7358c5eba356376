"""Liking."""

from typing import Annotated, Any

import strawberry

from loaders.context import Context
from loaders.nodes import nodes_by_id
from models.global_ids import decode
from resolvers.mutations import change, mutation
from schema.posting import LikeInput, LikePayload, UnlikeInput
from services.likes import like, unlike

Info = strawberry.Info[Context, None]


@strawberry.type
class LikesMutation:
    @mutation(description="Likes a post or a comment.")
    async def like(
        self, info: Info, input: Annotated[LikeInput, strawberry.argument(description="What to like.")]
    ) -> LikePayload | None:
        return await change(info, LikePayload, lambda context: _set(context, like, input.subject_id))

    @mutation(description="Takes a like back.")
    async def unlike(
        self, info: Info, input: Annotated[UnlikeInput, strawberry.argument(description="What not to like.")]
    ) -> LikePayload | None:
        return await change(info, LikePayload, lambda context: _set(context, unlike, input.subject_id))


async def _set(context: Context, work: Any, subject_id: str) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    await work(context.backend, context.links, viewer_id, *decode(subject_id))
    [subject] = await nodes_by_id(context, [subject_id])
    return {"subject": subject}
