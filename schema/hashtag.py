"""Hashtags."""

from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from execution.batched import batched
from loaders.discovery import load_hashtag_posts, load_related, load_viewer_is_following
from loaders.pages import load_page_post_count
from schema.base import Connection, Node, UserError, describe_values
from services.discovery.listed import DiscoveryOrder
from services.visible import HashtagRow

if TYPE_CHECKING:
    from schema.post import PostConnection

strawberry.enum(DiscoveryOrder, description="In which order the posts of a hashtag or a place are read.")
describe_values(
    DiscoveryOrder,
    {
        "TOP": "The best of the newest 1,000 first: what many like, comment, share and save, the more the newer it is;"
        " all pages follow the order of the moment at which the first was read, which is kept for a day. Then the"
        " others, the newest first.",
        "RECENT": "The newest first.",
    },
)
ORDER = {"order": "Which come first."}


@strawberry.type(description="A word under which people post.")
class Hashtag(Node):
    name: str = strawberry.field(description="Without the sign, in the one form that all ways of writing it have.")
    post_count: int | None = batched(
        load_page_post_count, description="How many posts have it in their caption: the same for every viewer."
    )
    viewer_is_following: bool = batched(
        load_viewer_is_following, description="Whether you follow it; false for an anonymous caller."
    )
    posts: Annotated["PostConnection", strawberry.lazy("schema.post")] | None = batched(
        load_hashtag_posts, description="What has it in its caption, as far as you may see it.", arguments=ORDER
    )
    related: list[Annotated["Hashtag", strawberry.lazy("schema.hashtag")]] | None = batched(
        load_related,
        description="What stands beside it on the most of its newest 200 posts, of those that are of public accounts"
        " and that you may see. Fewer posts are looked at where one request asks for more than"
        " 100 hashtags.",
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, HashtagRow)


@strawberry.type(description="A page of hashtags.")
class HashtagConnection(Connection[Hashtag]):
    pass


@strawberry.input(description="A hashtag to follow. You can follow 500 at most.")
class FollowHashtagInput:
    name: str = strawberry.field(
        description="In any way of writing it, with or without the sign: at most 100 characters. Also one that nobody"
        " has used yet, of which you can begin to follow 2,000 over time."
    )


@strawberry.input(description="A hashtag to follow no more.")
class UnfollowHashtagInput:
    name: str = strawberry.field(
        description="In any way of writing it, with or without the sign: at most 100 characters."
    )


@strawberry.type(description="A hashtag after a change, or why it was refused.")
class HashtagPayload:
    hashtag: Hashtag | None = strawberry.field(default=None, description="The hashtag.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.")
