"""Posting, and posts by their shortcode."""

from collections.abc import Sequence
from typing import Annotated, Any, cast

import strawberry

from core.errors import not_found
from loaders.context import Context
from loaders.post import posts_by_id
from models.global_ids import NodeKind, decode, decode_shortcode
from resolvers.arguments import number_of
from resolvers.mutations import change, mutation
from schema.post import Post
from schema.posting import (
    ArchivePostInput,
    CreatePostInput,
    DeletedPayload,
    DeletePostInput,
    PlaceInput,
    PostMediaInput,
    PostPayload,
    RemoveMyTagInput,
    SavePostInput,
    SharePostInput,
    UnarchivePostInput,
    UnsavePostInput,
    UpdatePostInput,
    UpdatePostMediaInput,
    UserTagInput,
)
from services.places import NewPlace
from services.posts.archive import archive_post, unarchive_post
from services.posts.attaching import NewMedia
from services.posts.checks import NewTag
from services.posts.create import NewPost, create_post
from services.posts.delete import delete_post
from services.posts.share import NewShare, share_post
from services.posts.untagging import remove_my_tag
from services.posts.update import MediaChange, PostChange, update_post
from services.saves import save, unsave

Info = strawberry.Info[Context, None]


@strawberry.type
class PostsQuery:
    @strawberry.field(description="The post of this name; null if there is none, or you may not see it.")
    async def post(
        self, info: Info, shortcode: Annotated[str, strawberry.argument(description="As it stands in links.")]
    ) -> Post | None:
        number = decode_shortcode(shortcode)
        found = None if number is None else (await posts_by_id(info.context, [number])).get(number)
        return cast(Post | None, info.context.found(found))


@strawberry.type
class PostsMutation:
    @mutation(description="Posts pictures and films that were uploaded.")
    async def create_post(
        self, info: Info, input: Annotated[CreatePostInput, strawberry.argument(description="What to post.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _create(context, input))

    @mutation(
        description="Changes what you give of a post of yours, all of it or nothing. What changes nothing is no edit."
    )
    async def update_post(
        self, info: Info, input: Annotated[UpdatePostInput, strawberry.argument(description="What to change.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _update(context, input))

    @mutation(description="Takes you off all pictures and films of a post. Nothing changes where you are on none.")
    async def remove_my_tag(
        self, info: Info, input: Annotated[RemoveMyTagInput, strawberry.argument(description="Off which post.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _on_post(context, remove_my_tag, input.post_id))

    @mutation(description="Archives a post of yours: only you see it then. It is pinned no more.")
    async def archive_post(
        self, info: Info, input: Annotated[ArchivePostInput, strawberry.argument(description="What to archive.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _on_post(context, archive_post, input.post_id))

    @mutation(description="Brings a post back that you archived, to where its date puts it.")
    async def unarchive_post(
        self, info: Info, input: Annotated[UnarchivePostInput, strawberry.argument(description="What to bring back.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _on_post(context, unarchive_post, input.post_id))

    @mutation(description="Shows a post to people. Those of them who may see it are told.")
    async def share_post(
        self, info: Info, input: Annotated[SharePostInput, strawberry.argument(description="What to show to whom.")]
    ) -> PostPayload | None:
        return await change(info, PostPayload, lambda context: _share(context, input))

    @mutation(description="Deletes a post of yours, its pictures and films too, for good.")
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
        place=_place(given.place) if given.place else None,
        kind=given.kind,
        comments_enabled=given.comments_enabled,
        like_count_hidden=given.like_count_hidden,
        idempotency_key=given.idempotency_key,
    )
    return await _answer(context, await create_post(context.backend, context.links, author_id, wanted))


def _media(given: PostMediaInput, place: int) -> NewMedia:
    upload_id = number_of(NodeKind.UPLOAD, given.upload_id, "media", str(place), "uploadId")
    return NewMedia(upload_id, given.alt_text, _tags(given.user_tags, place))


def _tags(given: Sequence[UserTagInput] | None, place: int) -> list[NewTag]:
    path = ("media", str(place), "userTags")
    return [
        NewTag(number_of(NodeKind.USER, tag.user_id, *path, str(number), "userId"), tag.x, tag.y)
        for number, tag in enumerate(given or ())
    ]


def _place(given: PlaceInput) -> NewPlace:
    return NewPlace(given.name, given.latitude, given.longitude)


async def _update(context: Context, given: UpdatePostInput) -> dict[str, Any]:
    author_id = context.signed_in().id
    post_id = number_of(NodeKind.POST, given.post_id, "postId")
    changes: dict[str, Any] = {name: value for name, value in vars(given).items() if value is not strawberry.UNSET}
    del changes["post_id"]
    if changes.get("place") is not None:
        changes["place"] = _place(changes["place"])
    if changes.get("media") is not None:
        changes["media"] = [_media_change(one, place) for place, one in enumerate(changes["media"])]
    await update_post(context.backend, context.links, author_id, post_id, cast(PostChange, changes))
    return await _answer(context, post_id)


def _media_change(given: UpdatePostMediaInput, place: int) -> MediaChange:
    kind, number = decode(given.media_id)
    if kind not in (NodeKind.IMAGE, NodeKind.VIDEO):
        raise not_found("picture or video", "media", str(place), "mediaId")
    wanted = MediaChange(media_id=number, is_film=kind is NodeKind.VIDEO)
    if given.alt_text is not strawberry.UNSET:
        wanted["alt_text"] = given.alt_text
    if given.user_tags is not strawberry.UNSET:
        wanted["tags"] = _tags(given.user_tags, place)
    return wanted


async def _on_post(context: Context, work: Any, global_id: str) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    post_id = number_of(NodeKind.POST, global_id, "postId")
    await work(context.backend, context.links, viewer_id, post_id)
    return await _answer(context, post_id)


async def _share(context: Context, given: SharePostInput) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    post_id = number_of(NodeKind.POST, given.post_id, "postId")
    for number, conversation_id in enumerate(given.conversation_ids or ()):
        decode(conversation_id)
        raise not_found("conversation", "conversationIds", str(number))
    recipients = [
        number_of(NodeKind.USER, user_id, "userIds", str(number)) for number, user_id in enumerate(given.user_ids or ())
    ]
    wanted = NewShare(post_id, recipients, given.text or "", given.idempotency_key)
    await share_post(context.backend, context.links, viewer_id, wanted)
    return await _answer(context, post_id)


async def _delete(context: Context, given: DeletePostInput) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    post_id = number_of(NodeKind.POST, given.post_id, "postId")
    await delete_post(context.backend, context.links, viewer_id, post_id)
    return {"deleted_id": given.post_id}


async def _save(context: Context, work: Any, given: SavePostInput | UnsavePostInput) -> dict[str, Any]:
    viewer_id = context.signed_in().id
    post_id = number_of(NodeKind.POST, given.post_id, "postId")
    collection_id = None
    if given.collection_id is not None:
        collection_id = number_of(NodeKind.COLLECTION, given.collection_id, "collectionId")
    await work(context.backend, context.links, viewer_id, post_id, collection_id)
    return await _answer(context, post_id)


async def _answer(context: Context, post_id: int) -> dict[str, Any]:
    return {"post": (await posts_by_id(context, [post_id])).get(post_id)}
