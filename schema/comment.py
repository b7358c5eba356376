"""Comments."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from execution.batched import batched
from loaders.comment import load_parent, load_replies
from schema.base import Connection, Likeable, describe_values
from schema.entity import TextEntity
from services.comments.pages import CommentOrder
from services.visible import VisibleComment

if TYPE_CHECKING:
    from schema.post import Post
    from schema.user import User

strawberry.enum(CommentOrder, description="Which comments come first.")
describe_values(
    CommentOrder,
    {
        "TOP": "What is pinned, the latest pin first; then those with the most likes, of equals the newest. For a day,"
        " all pages follow the order of the moment at which the first was read.",
        "NEWEST": "The newest.",
        "OLDEST": "The oldest.",
    },
)


@strawberry.type(description="What someone said to a post. Replies nest one level deep.")
class Comment(Likeable):
    post: Annotated["Post", strawberry.lazy("schema.post")] | None = strawberry.field(description="To what.")
    author: Annotated["User", strawberry.lazy("schema.user")] | None = strawberry.field(
        description="Who; null where the account is deleted or out of reach."
    )
    parent: Annotated["Comment", strawberry.lazy("schema.comment")] | None = batched(
        load_parent, description="The comment that it answers; null for one that answers none."
    )
    text: str = strawberry.field(description="What was said.")
    entities: list[TextEntity] = strawberry.field(description="The mentions, hashtags and links in it, in their order.")
    created_at: datetime = strawberry.field(description="When.")
    is_pinned: bool = strawberry.field(description="Whether the post's author keeps it at the top: first in TOP.")
    reply_count: int = strawberry.field(description="How many answer it: the same for every viewer.")
    viewer_can_delete: bool = strawberry.field(description="Whether it, or the post, is yours.")
    replies: Annotated["CommentConnection", strawberry.lazy("schema.comment")] | None = batched(
        load_replies, description="What answers it, the oldest first."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, VisibleComment)


@strawberry.type(description="A page of comments.")
class CommentConnection(Connection[Comment]):
    pass
