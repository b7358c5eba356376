"""Commenting."""

from typing import Annotated, Any

import strawberry

from loaders.comment import comments_by_id
from loaders.context import Context
from models.global_ids import NodeKind
from resolvers.arguments import number_of
from resolvers.mutations import change, mutation
from schema.posting import AddCommentInput, CommentPayload
from services.comments.add import NewComment, add_comment

Info = strawberry.Info[Context, None]


@strawberry.type
class CommentsMutation:
    @mutation(description="Says something to a post, or to a comment of it.")
    async def add_comment(
        self, info: Info, input: Annotated[AddCommentInput, strawberry.argument(description="What to say.")]
    ) -> CommentPayload | None:
        return await change(info, CommentPayload, lambda context: _add(context, input))


async def _add(context: Context, given: AddCommentInput) -> dict[str, Any]:
    author_id = context.signed_in().id
    wanted = NewComment(
        post_id=number_of(NodeKind.POST, given.post_id, "postId"),
        text=given.text,
        parent_id=None if given.parent_id is None else number_of(NodeKind.COMMENT, given.parent_id, "parentId"),
        idempotency_key=given.idempotency_key,
    )
    comment_id = await add_comment(context.backend, context.links, author_id, wanted)
    return {"comment": (await comments_by_id(context, [comment_id])).get(comment_id)}
