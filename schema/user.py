"""A person, as others see them."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from execution.batched import batched
from loaders.post import load_posts, load_reels, load_tagged_posts
from loaders.relationship import (
    load_followers,
    load_following,
    load_mutual_followers,
    load_viewer_relationship,
)
from loaders.user import load_follower_count, load_following_count, load_post_count
from schema.base import Node
from schema.scalars import URL
from services.visible import VisibleUser

if TYPE_CHECKING:
    from schema.media import Image
    from schema.post import PostConnection
    from schema.relationship import Relationship, UserConnection

SEARCHED = {"query": "Keeps those of whose username or name a word begins with this."}


@strawberry.type(description="A person, as everyone sees them.")
class User(Node):
    username: str = strawberry.field(description="Unique, in lower case; it can change.")
    full_name: str = strawberry.field(description="The name that the person goes by; may be empty.")
    bio: str = strawberry.field(description="What the person says about themselves; may be empty, and have lines.")
    website: URL | None = strawberry.field(description="Where to find more about the person.")
    pronouns: str | None = strawberry.field(description="How to speak of the person.")
    avatar: Annotated["Image", strawberry.lazy("schema.media")] | None = strawberry.field(
        description="The picture of the profile."
    )
    is_private: bool = strawberry.field(description="Whether only accepted followers see what the person posts.")
    is_verified: bool = strawberry.field(description="Whether we know that the person is who they say.")
    created_at: datetime = strawberry.field(description="When the person registered.")
    post_count: int = batched(load_post_count, description="How many posts there are: the same for every viewer.")
    follower_count: int = batched(load_follower_count, description="How many people follow: the same for every viewer.")
    following_count: int = batched(
        load_following_count, description="How many people the person follows: the same for every viewer."
    )
    posts: Annotated["PostConnection", strawberry.lazy("schema.post")] | None = batched(
        load_posts,
        description="What the person posted: first what is pinned, the newest pin first, then the rest, the newest"
        " first; nothing of an account that you may not look into.",
        arguments={"kind": "Keeps posts of this kind."},
    )
    reels: Annotated["PostConnection", strawberry.lazy("schema.post")] | None = batched(
        load_reels, description="Those of the posts that are of the kind REEL, in the same order."
    )
    tagged_posts: Annotated["PostConnection", strawberry.lazy("schema.post")] | None = batched(
        load_tagged_posts,
        description="Posts on which the person is tagged, the newest first, as far as you may see them; nothing of an"
        " account that you may not look into.",
    )
    followers: Annotated["UserConnection", strawberry.lazy("schema.relationship")] | None = batched(
        load_followers,
        description="Who follows the person, the latest first; nobody of an account that you may not look into.",
        arguments=SEARCHED,
    )
    following: Annotated["UserConnection", strawberry.lazy("schema.relationship")] | None = batched(
        load_following,
        description="Whom the person follows, the latest first; nobody of an account that you may not look into.",
        arguments=SEARCHED,
    )
    mutual_followers: Annotated["UserConnection", strawberry.lazy("schema.relationship")] | None = batched(
        load_mutual_followers,
        description="Whom you follow and who follow the person, the latest first; nobody of an account that you may not"
        " look into, and for an anonymous caller.",
    )
    viewer_relationship: Annotated["Relationship", strawberry.lazy("schema.relationship")] | None = batched(
        load_viewer_relationship, description="What stands between you and the person; null for an anonymous caller."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, VisibleUser)
