"""What is the viewer's alone."""

import strawberry

from execution.batched import batched
from loaders.activity import load_activity_feed
from loaders.collection import load_collections, load_saved_posts
from loaders.discovery import load_followed_hashtags
from loaders.explore import load_explore_feed, load_reels_feed
from loaders.feed import load_home_feed
from loaders.notification import load_notifications, load_unread_count
from loaders.post import load_archived_posts, load_liked_posts
from loaders.relationship import load_blocked_users, load_close_friends, load_follow_requests, load_muted_users
from loaders.upload import load_uploads
from schema.activity import Activity
from schema.base import Connection
from schema.collection import CollectionConnection
from schema.feed import FeedConnection
from schema.hashtag import HashtagConnection
from schema.notification import Notification
from schema.post import PostConnection
from schema.relationship import UserConnection
from schema.upload import Upload
from schema.user import User
from services.feeds.reasons import FeedOrder


@strawberry.type(description="You: what only you may see.")
class Viewer:
    user: User = strawberry.field(description="You, as everyone sees you.")
    email: str = strawberry.field(description="Where mail for you goes; you can sign in with it.")
    is_email_confirmed: bool = strawberry.field(description="Whether a link in a mail to that address was followed.")
    has_password: bool = strawberry.field(description="Whether you can sign in with a password.")
    feed_order: FeedOrder = strawberry.field(
        description="Your own choice of the order in which `homeFeed` comes where it names none."
    )
    home_feed: FeedConnection | None = batched(
        load_home_feed,
        description="What those whom you follow post, what is posted under hashtags that you follow, and what you post."
        " Ranked, it can have a card of people to follow and sponsored posts in between.",
        arguments={"order": "In which order; in that of your own choice (`feedOrder`) if none is named."},
    )
    activity_feed: Connection[Activity] | None = batched(
        load_activity_feed,
        description=(
            "What those whom you follow did in the last 30 days, and who liked or commented on their latest posts (20"
            " of each at most, 1,000 of all), as far as you may see it; the latest first. What you do yourself is not"
            " there, nor is what those whom you mute do, or what happens on their posts."
        ),
    )
    explore_feed: FeedConnection | None = batched(
        load_explore_feed,
        description="What may be new to you: public posts of people whom you do not follow, which you have not seen,"
        " like what you liked or such as many look at. At most 500; beginning anew chooses anew.",
    )
    reels_feed: FeedConnection | None = batched(
        load_reels_feed,
        description="Reels of people and under hashtags that you follow, and public ones; what you have seen comes"
        " later. At most 500; beginning anew chooses anew.",
    )
    notifications: Connection[Notification] | None = batched(
        load_notifications, description="What happened that concerns you, the latest first."
    )
    unread_notification_count: int = batched(
        load_unread_count, description="How many notifications you have not read yet."
    )
    follow_requests: UserConnection | None = batched(
        load_follow_requests, description="Who asks to follow you, and waits, the latest first."
    )
    blocked_users: UserConnection | None = batched(
        load_blocked_users, description="Whom you block, the latest first: no other list shows them to you."
    )
    muted_users: UserConnection | None = batched(load_muted_users, description="Whom you mute, the latest first.")
    close_friends: UserConnection | None = batched(
        load_close_friends, description="Your close friends, the latest first. Nobody else sees who they are."
    )
    followed_hashtags: HashtagConnection | None = batched(
        load_followed_hashtags, description="The hashtags that you follow, the latest first. Nobody else sees them."
    )
    liked_posts: PostConnection | None = batched(
        load_liked_posts, description="What you like, as far as you may see it; what you liked last first."
    )
    archived_posts: PostConnection | None = batched(
        load_archived_posts, description="What you have archived, the newest first."
    )
    collections: CollectionConnection | None = batched(
        load_collections, description="Your collections of saved posts, the newest first."
    )
    saved_posts: PostConnection | None = batched(
        load_saved_posts, description="What you saved, as far as you may see it; what you saved last first."
    )
    uploads: Connection[Upload] | None = batched(load_uploads, description="What you have sent, the newest first.")
