"""Posting, and posts by their shortcode."""

from typing import Annotated, Any, cast

import strawberry

from loaders.context import Context
from loaders.post import posts_by_id
from models.global_ids import NodeKind, decode, decode_shortcode
from resolvers.arguments import number_of
from resolvers.mutations import change, mutation
from schema.post import Post
from schema.posting import (
    CreatePostInput,
    DeletedPayload,
    DeletePostInput,
    PostMediaInput,
    PostPayload,
    SavePostInput,
    UnsavePostInput,
)
from services.posts.attaching import NewMedia, NewTag
from services.posts.create import NewPost, create_post
from services.posts.delete import delete_post
from services.saves import save, unsave

Info = strawberry.Info[Context, None]


@strawberry.type
class PostsQuery:
    @strawberry.field(description="The post of this name; null if there is none, or you may not see it.")
    async def post(
        self, info: Info, shortcode: Annotated[str, strawberry.argument(description="As it stands in links.")]
    ) -> Post | None:
        number = decode_shortcode(shortcode)
        return None if number is None else cast(Post | None, (await posts_by_id(info.context, [number])).get(number))


@strawberry.type
class PostsMutation:
    @mutation(description="Posts pictures that were uploaded.")
    async def create_post(
        self, info: Info, input: Annotated[CreatePostInput, strawberry.argument(description="What to post.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _create(context, input))

    @mutation(description="Deletes a post of yours, its pictures too, for good.")
    async def delete_post(
        self, info: Info, input: Annotated[DeletePostInput, strawberry.argument(description="What to delete.")]
    ) -> DeletedPayload | None:
        return await change(info, DeletedPayload, lambda context: _delete(context, input))

    @mutation(description="Saves a post for yourself. Nobody is told.")
    async def save_post(
        self, info: Info, input: Annotated[SavePostInput, strawberry.argument(description="What to save.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _save(context, save, input))

    @mutation(description="Takes a post out of what you saved.")
    async def unsave_post(
        self, info: Info, input: Annotated[UnsavePostInput, strawberry.argument(description="What not to save.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _save(context, unsave, input))


async def _create(context: Context, given: CreatePostInput) -> dict[str, Any]:
    author_id = context.signed_in().id
    wanted = NewPost(
        media=[_media(one, place) for place, one in enumerate(given.media)],
        caption=given.caption or "",
        kind=given.kind,
        comments_enabled=given.comments_enabled,
        like_count_hidden=given.like_count_hidden,
        idempotency_key=given.idempotency_key,
    )
    return await _answer(context, await create_post(context.backend, context.links, author_id, wanted))


def _media(given: PostMediaInput, place: int) -> NewMedia:
    path = ("media", str(place))
    tags = [
        NewTag(number_of(NodeKind.USER, tag.user_id, *path, "userTags", str(number), "userId"), tag.x, tag.y)
        for number, tag in enumerate(given.user_tags or ())
    ]
    return NewMedia(number_of(NodeKind.UPLOAD, given.upload_id, *path, "uploadId"), given.alt_text, tags)


async def _delete(context: Context, given: DeletePostInput) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    post_id = number_of(NodeKind.POST, given.post_id, "postId")
    await delete_post(context.backend, context.links, viewer_id, post_id)
    return {"deleted_id": given.post_id}


async def _save(context: Context, work: Any, given: SavePostInput | UnsavePostInput) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    post_id = number_of(NodeKind.POST, given.post_id, "postId")
    if given.collection_id is not None:
        decode(given.collection_id)
    await work(context.backend, context.links, viewer_id, post_id, has_collection=given.collection_id is not None)
    return await _answer(context, post_id)


async def _answer(context: Context, post_id: int) -> dict[str, Any]:
    return {"post": (await posts_by_id(context, [post_id])).get(post_id)}
