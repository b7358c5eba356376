"""Collections of saved posts."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry
from strawberry.scalars import ID

from execution.batched import batched
from loaders.collection import load_collection_posts, load_cover
from schema.base import Connection, Node, UserError
from services.visible import VisibleCollection

if TYPE_CHECKING:
    from schema.media import Image
    from schema.post import PostConnection


@strawberry.type(description="Saved posts under a name. Only who made it sees it.")
class Collection(Node):
    name: str = strawberry.field(description="What it is called: 1 to 60 characters.")
    cover: Annotated["Image", strawberry.lazy("schema.media")] | None = batched(
        load_cover,
        description="The first picture (of a film its poster) of the post that you chose, or of the newest that you may"
        " see; null where there is none.",
    )
    post_count: int = strawberry.field(
        description="How many posts are in it, also those that you may not see any more: 10,000 at most."
    )
    posts: Annotated["PostConnection", strawberry.lazy("schema.post")] | None = batched(
        load_collection_posts, description="What is in it, as far as you may see it; what was put in last first."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, VisibleCollection)


@strawberry.type(description="A page of collections.")
class CollectionConnection(Connection[Collection]):
    pass


@strawberry.input(description="A collection to make. You can have 200 at most.")
class CreateCollectionInput:
    name: str = strawberry.field(
        description="1 to 60 characters in one line, one that can be seen at least; several may have the same."
    )
    post_ids: list[ID] | None = strawberry.field(
        default=None, description="Posts to save and put in: at most 100, each counting once."
    )


@strawberry.input(description="What to change of a collection. What is left out stays.")
class UpdateCollectionInput:
    collection_id: ID = strawberry.field(description="A collection of yours.")
    name: str | None = strawberry.field(default=None, description="As when making it; it stays where this is null.")
    cover_post_id: ID | None = strawberry.field(
        default=strawberry.UNSET, description="A post in it, whose first picture is the cover; null for the newest."
    )


@strawberry.input(description="A collection to delete.")
class DeleteCollectionInput:
    collection_id: ID = strawberry.field(description="A collection of yours. What is in it stays saved.")


@strawberry.type(description="A collection after a change, or why it was refused.")
class CollectionPayload:
    collection: Collection | None = strawberry.field(default=None, description="The collection.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.")
