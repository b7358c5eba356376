"""A person, as others see them."""

from datetime import datetime
from typing import Any

import strawberry

from execution.batched import batched
from loaders.user import load_follower_count, load_following_count, load_post_count
from schema.base import Node
from schema.scalars import URL
from services.visible import VisibleUser


@strawberry.type(description="A person, as everyone sees them.")
class User(Node):
    username: str = strawberry.field(description="Unique, in lower case; it can change.")
    full_name: str = strawberry.field(description="The name that the person goes by; may be empty.")
    bio: str = strawberry.field(description="What the person says about themselves; may be empty, and have lines.")
    website: URL | None = strawberry.field(description="Where to find more about the person.")
    pronouns: str | None = strawberry.field(description="How to speak of the person.")
    is_private: bool = strawberry.field(description="Whether only accepted followers see what the person posts.")
    is_verified: bool = strawberry.field(description="Whether we know that the person is who they say.")
    created_at: datetime = strawberry.field(description="When the person registered.")
    post_count: int = batched(load_post_count, description="How many posts there are: the same for every viewer.")
    follower_count: int = batched(load_follower_count, description="How many people follow: the same for every viewer.")
    following_count: int = batched(
        load_following_count, description="How many people the person follows: the same for every viewer."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, VisibleUser)
