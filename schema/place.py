"""Places."""

from typing import Any

import strawberry

from execution.batched import batched
from loaders.pages import load_page_post_count
from schema.base import Node
from services.visible import PlaceRow


@strawberry.type(
    description="Where pictures were taken. What has one name, within about 100 metres, is one place; it is called and"
    " lies as whoever named it first said."
)
class Place(Node):
    name: str = strawberry.field(description="What people call it.")
    latitude: float = strawberry.field(description="In degrees, north of the equator; south of it below 0.")
    longitude: float = strawberry.field(description="In degrees, east of Greenwich; west of it below 0.")
    post_count: int | None = batched(
        load_page_post_count, description="How many posts are from there: the same for every viewer."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, PlaceRow)
