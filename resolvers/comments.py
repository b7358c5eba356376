"""Commenting."""

from typing import Annotated, Any

import strawberry

from loaders.comment import comments_by_id
from loaders.context import Context
from models.global_ids import NodeKind
from resolvers.arguments import number_of
from resolvers.mutations import change, mutation
from schema.posting import (
    AddCommentInput,
    CommentPayload,
    DeleteCommentInput,
    DeletedPayload,
    PinCommentInput,
    UnpinCommentInput,
)
from services.comments.add import NewComment, add_comment
from services.comments.delete import delete_comment
from services.comments.pin import pin_comment, unpin_comment

Info = strawberry.Info[Context, None]


@strawberry.type
class CommentsMutation:
    @mutation(description="Says something to a post, or to a comment of it.")
    async def add_comment(
        self, info: Info, input: Annotated[AddCommentInput, strawberry.argument(description="What to say.")]
    ) -> CommentPayload | None:
        return await change(info, CommentPayload, lambda context: _add(context, input))

    @mutation(description="Deletes a comment of yours, or on a post of yours, with what answers it, for good.")
    async def delete_comment(
        self, info: Info, input: Annotated[DeleteCommentInput, strawberry.argument(description="What to delete.")]
    ) -> DeletedPayload | None:
        return await change(info, DeletedPayload, lambda context: _delete(context, input))

    @mutation(description="Keeps a comment at the top of your post.")
    async def pin_comment(
        self, info: Info, input: Annotated[PinCommentInput, strawberry.argument(description="What to keep there.")]
    ) -> CommentPayload | None:
        return await change(info, CommentPayload, lambda context: _pin(context, pin_comment, input))

    @mutation(description="Keeps a comment at the top of your post no more.")
    async def unpin_comment(
        self, info: Info, input: Annotated[UnpinCommentInput, strawberry.argument(description="What not to keep.")]
    ) -> CommentPayload | None:
        return await change(info, CommentPayload, lambda context: _pin(context, unpin_comment, input))


async def _add(context: Context, given: AddCommentInput) -> dict[str, Any]:
    author_id = context.signed_in().id
    wanted = NewComment(
        post_id=number_of(NodeKind.POST, given.post_id, "postId"),
        text=given.text,
        parent_id=None if given.parent_id is None else number_of(NodeKind.COMMENT, given.parent_id, "parentId"),
        idempotency_key=given.idempotency_key,
    )
    comment_id = await add_comment(context.backend, context.links, author_id, wanted)
    return await _answer(context, comment_id)


async def _delete(context: Context, given: DeleteCommentInput) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    comment_id = number_of(NodeKind.COMMENT, given.comment_id, "commentId")
    await delete_comment(context.backend, context.links, viewer_id, comment_id)
    return {"deleted_id": given.comment_id}


async def _pin(context: Context, work: Any, given: PinCommentInput | UnpinCommentInput) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    comment_id = number_of(NodeKind.COMMENT, given.comment_id, "commentId")
    await work(context.backend, context.links, viewer_id, comment_id)
    return await _answer(context, comment_id)


async def _answer(context: Context, comment_id: int) -> dict[str, Any]:
    return {"comment": (await comments_by_id(context, [comment_id])).get(comment_id)}
