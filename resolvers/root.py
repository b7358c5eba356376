"""The three roots, merged from the domains, and the schema."""

import strawberry
from strawberry.schema.config import StrawberryConfig

from execution.lean import lean
from resolvers.accounts import AccountsMutation, AccountsQuery
from resolvers.collections import CollectionsMutation
from resolvers.comments import CommentsMutation
from resolvers.feeds import FeedsMutation, FeedsSubscription
from resolvers.hashtags import HashtagsMutation, HashtagsQuery
from resolvers.likes import LikesMutation
from resolvers.notifications import NotificationsSubscription
from resolvers.posts import PostsMutation, PostsQuery
from resolvers.query import NodeQuery
from resolvers.relationships import RelationshipsMutation
from resolvers.reports import ReportsMutation
from resolvers.uploads import UploadsMutation, UploadsSubscription
from schema.media import Video
from schema.scalars import SCALARS


@strawberry.type(description="Where reading begins.")
class Query(AccountsQuery, PostsQuery, HashtagsQuery, NodeQuery):
    pass


@strawberry.type(description="Where changing begins; fields run one after the other.")
class Mutation(
    AccountsMutation,
    RelationshipsMutation,
    PostsMutation,
    CommentsMutation,
    LikesMutation,
    CollectionsMutation,
    HashtagsMutation,
    ReportsMutation,
    UploadsMutation,
    FeedsMutation,
):
    pass


@strawberry.type(
    description="What is sent as it happens. A stream carries a cursor: name the last one that you saw, and what you"
    " missed comes first, in order."
)
class Subscription(NotificationsSubscription, FeedsSubscription, UploadsSubscription):
    pass


def build_schema() -> strawberry.Schema:
    return lean(
        strawberry.Schema(Query, Mutation, Subscription, types=[Video], config=StrawberryConfig(scalar_map=SCALARS))
    )
