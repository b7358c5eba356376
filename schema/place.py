"""Places."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from execution.batched import batched
from loaders.discovery import load_place_posts
from loaders.pages import load_page_post_count
from schema.base import Node
from schema.hashtag import ORDER
from services.visible import PlaceRow

if TYPE_CHECKING:
    from schema.post import PostConnection


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
    posts: Annotated["PostConnection", strawberry.lazy("schema.post")] | None = batched(
        load_place_posts, description="What was posted from there, as far as you may see it.", arguments=ORDER
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, PlaceRow)
