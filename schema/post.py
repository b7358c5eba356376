"""Posts."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from execution.batched import batched
from loaders.comment import load_comments
from loaders.likers import load_likers
from models.tables import PostKind
from schema.base import Connection, Likeable, describe_values
from schema.entity import TextEntity
from schema.hashtag import Hashtag
from schema.media import Media
from schema.place import Place
from services.visible import VisiblePost

if TYPE_CHECKING:
    from schema.comment import CommentConnection
    from schema.relationship import UserConnection
    from schema.user import User

strawberry.enum(PostKind, description="What a post shows.")
describe_values(
    PostKind,
    {
        "PHOTO": "One picture.",
        "VIDEO": "One film.",
        "CAROUSEL": "Several pictures and films, one beside the other.",
        "REEL": "A short upright film.",
    },
)


@strawberry.type(description="What someone posted.")
class Post(Likeable):
    shortcode: str = strawberry.field(description="The post's name in links.")
    author: Annotated["User", strawberry.lazy("schema.user")] = strawberry.field(description="Who posted it.")
    kind: PostKind = strawberry.field(description="What it shows.")
    caption: str = strawberry.field(description="What the author says to it; may be empty, and have lines.")
    caption_entities: list[TextEntity] = strawberry.field(
        description="The mentions, hashtags and links in the caption, in their order."
    )
    media: list[Media] = strawberry.field(description="What it shows, in order: 1 to 20.")
    place: Place | None = strawberry.field(description="Where it was taken, if the author says so.")
    hashtags: list[Hashtag] = strawberry.field(description="Those of the caption, each once, in their order.")
    created_at: datetime = strawberry.field(description="When it was posted.")
    edited_at: datetime | None = strawberry.field(
        description="When caption, place, alt texts, tags or the order of what it shows last changed; null if never."
    )
    is_pinned: bool = strawberry.field(description="Whether the author keeps it at the top of the profile.")
    comments_enabled: bool = strawberry.field(description="Whether it can be commented on.")
    like_count_hidden: bool = strawberry.field(
        description="Whether the author wants the number of likes not to be shown: `likeCount` says it all the same,"
        " clients are to leave it out."
    )
    comment_count: int = strawberry.field(description="How many comments and replies: the same for every viewer.")
    share_count: int = strawberry.field(description="How often it was shared: the same for every viewer.")
    save_count: int | None = strawberry.field(description="How many people saved it; the author's alone.")
    viewer_has_saved: bool = strawberry.field(description="Whether you saved it; false for an anonymous caller.")
    viewer_can_edit: bool = strawberry.field(description="Whether it is yours, for you to change or delete.")
    viewer_can_comment: bool = strawberry.field(
        description="Whether you may comment on it: it takes comments, is not archived, and you are signed in."
    )
    likers: Annotated["UserConnection", strawberry.lazy("schema.relationship")] | None = batched(
        load_likers, description="Who likes it, the latest first."
    )
    comments: Annotated["CommentConnection", strawberry.lazy("schema.comment")] | None = batched(
        load_comments,
        description="What was said to it, without the replies.",
        arguments={"order": "Which come first."},
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, VisiblePost)


@strawberry.type(description="A page of posts.")
class PostConnection(Connection[Post]):
    pass
