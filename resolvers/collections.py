"""Collections of saved posts."""

from typing import Annotated, Any

import strawberry

from loaders.collection import collections_by_id
from loaders.context import Context
from models.global_ids import NodeKind
from resolvers.arguments import number_of
from resolvers.mutations import change, mutation
from schema.collection import (
    CollectionPayload,
    CreateCollectionInput,
    DeleteCollectionInput,
    UpdateCollectionInput,
)
from schema.posting import DeletedPayload
from services.collections.changing import (
    MOST_POSTS_AT_FIRST,
    CollectionChange,
    create_collection,
    delete_collection,
    too_many_posts,
    update_collection,
)

Info = strawberry.Info[Context, None]
FIELD = "collectionId"


@strawberry.type
class CollectionsMutation:
    @mutation(description="Makes a collection of saved posts.")
    async def create_collection(
        self, info: Info, input: Annotated[CreateCollectionInput, strawberry.argument(description="What to make.")]
    ) -> CollectionPayload | None:
        return await change(info, CollectionPayload, lambda context: _create(context, input))

    @mutation(description="Changes the name or the cover of a collection of yours.")
    async def update_collection(
        self, info: Info, input: Annotated[UpdateCollectionInput, strawberry.argument(description="What to change.")]
    ) -> CollectionPayload | None:
        return await change(info, CollectionPayload, lambda context: _update(context, input))

    @mutation(description="Deletes a collection of yours. What is in it stays saved.")
    async def delete_collection(
        self, info: Info, input: Annotated[DeleteCollectionInput, strawberry.argument(description="What to delete.")]
    ) -> DeletedPayload | None:
        return await change(info, DeletedPayload, lambda context: _delete(context, input))


async def _create(context: Context, given: CreateCollectionInput) -> dict[str, Any]:
    owner_id = context.signed_in().id
    global_ids = given.post_ids or []
    if len(global_ids) > MOST_POSTS_AT_FIRST:  # before each of them is looked at
        raise too_many_posts()
    post_ids = [number_of(NodeKind.POST, one, "postIds", str(place)) for place, one in enumerate(global_ids)]
    return await _answer(
        context, await create_collection(context.backend, context.links, owner_id, given.name, post_ids)
    )


async def _update(context: Context, given: UpdateCollectionInput) -> dict[str, Any]:
    owner_id = context.signed_in().id
    collection_id = number_of(NodeKind.COLLECTION, given.collection_id, FIELD)
    wanted: CollectionChange = {}
    if given.name is not None:
        wanted["name"] = given.name
    if given.cover_post_id is not strawberry.UNSET:
        cover = given.cover_post_id
        wanted["cover_post_id"] = None if cover is None else number_of(NodeKind.POST, cover, "coverPostId")
    await update_collection(context.backend, context.links, owner_id, collection_id, wanted)
    return await _answer(context, collection_id)


async def _delete(context: Context, given: DeleteCollectionInput) -> dict[str, Any]:
    owner_id = context.signed_in().id
    await delete_collection(context.backend, owner_id, number_of(NodeKind.COLLECTION, given.collection_id, FIELD))
    return {"deleted_id": given.collection_id}


async def _answer(context: Context, collection_id: int) -> dict[str, Any]:
    return {"collection": (await collections_by_id(context, [collection_id])).get(collection_id)}
