"""What is the viewer's alone."""

import strawberry

from execution.batched import batched
from loaders.feed import load_home_feed
from loaders.notification import load_notifications, load_unread_count
from loaders.upload import load_uploads
from schema.base import Connection
from schema.feed import FeedConnection
from schema.notification import Notification
from schema.upload import Upload
from schema.user import User


@strawberry.type(description="You: what only you may see.")
class Viewer:
    user: User = strawberry.field(description="You, as everyone sees you.")
    email: str = strawberry.field(description="Where mail for you goes; you can sign in with it.")
    is_email_confirmed: bool = strawberry.field(description="Whether a link in a mail to that address was followed.")
    has_password: bool = strawberry.field(description="Whether you can sign in with a password.")
    home_feed: FeedConnection | None = batched(
        load_home_feed,
        description="What those whom you follow post, and what you post.",
        arguments={"order": "In which order; the newest first if none is named."},
    )
    notifications: Connection[Notification] | None = batched(
        load_notifications, description="What happened that concerns you, the latest first."
    )
    unread_notification_count: int = batched(
        load_unread_count, description="How many notifications you have not read yet."
    )
    uploads: Connection[Upload] | None = batched(load_uploads, description="What you have sent, the newest first.")
