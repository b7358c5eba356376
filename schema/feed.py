"""Feeds."""

from typing import Annotated, Any

import strawberry

from schema.base import PageInfo, describe_values
from schema.post import Post
from schema.user import User
from services.feeds.reasons import FeedOrder, FeedReason
from services.feeds.sponsoring import SponsoredPostRow
from services.feeds.suggesting import SuggestedUsersRow

strawberry.enum(FeedOrder, description="In which order a feed is read.")
describe_values(
    FeedOrder,
    {
        "RANKED": "What is likely to matter most to you first, of the latest; what is older follows, the newest first.",
        "CHRONOLOGICAL": "Strictly the newest first.",
    },
)

strawberry.enum(FeedReason, description="Why an item is in a feed, so that a client can say so.")
describe_values(
    FeedReason,
    {
        "FOLLOWING": "You follow who posted it.",
        "FOLLOWED_HASHTAG": "You follow one of its hashtags.",
        "SUGGESTED": "It may be to your liking.",
        "TRENDING": "Many people look at it just now.",
        "SIMILAR_TO_LIKED": "It is like something that you liked.",
        "SPONSORED": "Somebody pays for it to be shown.",
        "OWN": "You posted it.",
    },
)


@strawberry.type(description="A post for which somebody pays to have it shown. Ranked feeds alone have such.")
class SponsoredPost:
    post: Post = strawberry.field(description="The post.")
    sponsor: User = strawberry.field(description="Who pays for it.")
    label: str = strawberry.field(description="What to show with it, so that people know that it is paid for.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, SponsoredPostRow)


@strawberry.type(description="Somebody whom you may want to follow.")
class SuggestedUser:
    user: User = strawberry.field(description="The person.")
    reason: str = strawberry.field(description="Why, in a sentence for people.")
    mutual_count: int = strawberry.field(
        description="How many of those whom you follow, may see and do not mute, follow them."
    )


@strawberry.type(description="People whom you may want to follow, for those who follow few. Only ranked feeds have it.")
class SuggestedUsers:
    users: list[SuggestedUser] = strawberry.field(
        description="1 to 10, those first whom most of those whom you follow do."
    )

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, SuggestedUsersRow)


FeedItem = Annotated[
    Post | SponsoredPost | SuggestedUsers, strawberry.union("FeedItem", description="What can stand in a feed.")
]


@strawberry.type(description="An item of a feed, with where it stands and why.")
class FeedEdge:
    node: FeedItem = strawberry.field(description="The item.")
    cursor: str = strawberry.field(description="Where it stands: send it as `after` to go on behind it.")
    reason: FeedReason = strawberry.field(description="Why it is there.")
    score: float | None = strawberry.field(description="What ranked it there; null in chronological order.")


@strawberry.type(description="A page of a feed.")
class FeedConnection:
    edges: list[FeedEdge] = strawberry.field(description="The items with their cursors, in order.")
    nodes: list[FeedItem] = strawberry.field(description="The items without the cursors.")
    page_info: PageInfo = strawberry.field(description="Where this page stands.")


@strawberry.type(description="A post that has come into your home feed, or that many have.")
class FeedEvent:
    cursor: str = strawberry.field(description="Send it as `after` to go on behind this one.")
    new_post_count: int = strawberry.field(
        description="How many have come since the stream began, or since the cursor that it went on from. Of many at"
        " once, 1,000 are counted at most."
    )
    post: Post | None = strawberry.field(
        description="The post; null where more than 100 came at once, which are counted, not sent: read the feed anew."
    )
