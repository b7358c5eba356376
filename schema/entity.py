"""What a text points at: people, hashtags, links."""

from typing import Annotated, Any

import strawberry

from execution.batched import batched
from loaders.entity import load_target
from schema.hashtag import Hashtag
from schema.scalars import URL
from schema.user import User
from services.visible import LinkRow


@strawberry.type(description="An address on the web.")
class Link:
    url: URL = strawberry.field(description="With http or https.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, LinkRow)


TextEntityTarget = Annotated[
    User | Hashtag | Link, strawberry.union("TextEntityTarget", description="What a part of a text points at.")
]


@strawberry.type(description="Where in a text a mention, a hashtag or a link stands.")
class TextEntity:
    start: int = strawberry.field(description="Where it begins, its sign included: in Unicode code points, from 0.")
    end: int = strawberry.field(description="Where what follows it begins, in Unicode code points.")
    target: TextEntityTarget | None = batched(
        load_target, description="What it points at; null for someone whom you may not see."
    )
