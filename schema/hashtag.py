"""Hashtags."""

from typing import Any

import strawberry

from execution.batched import batched
from loaders.pages import load_page_post_count
from schema.base import Node
from services.visible import HashtagRow


@strawberry.type(description="A word under which people post.")
class Hashtag(Node):
    name: str = strawberry.field(description="Without the sign, in the one form that all ways of writing it have.")
    post_count: int | None = batched(
        load_page_post_count, description="How many posts have it in their caption: the same for every viewer."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, HashtagRow)
