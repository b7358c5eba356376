"""What happened that concerns the viewer."""

from datetime import datetime
from typing import Annotated, Any

import strawberry

from execution.batched import batched
from loaders.notification import load_actors, load_subject
from models.tables import NotificationKind
from schema.base import Node, describe_values
from schema.comment import Comment
from schema.post import Post
from schema.upload import Upload
from schema.user import User
from services.notifications.shown import ShownNotification

strawberry.enum(NotificationKind, description="What a notification tells of.")
describe_values(
    NotificationKind,
    {
        "LIKE": "Your post was liked.",
        "COMMENT": "Your post was commented on.",
        "REPLY": "Your comment was replied to.",
        "COMMENT_LIKE": "Your comment was liked.",
        "FOLLOW": "You have a new follower.",
        "FOLLOW_REQUEST": "Somebody asks to follow you.",
        "FOLLOW_ACCEPTED": "Somebody whom you asked to follow has accepted.",
        "MENTION": "You were mentioned in a caption or a comment.",
        "TAG": "You were tagged on a picture.",
        "STORY_REPLY": "Your story was replied to.",
        "STORY_LIKE": "Your story was liked.",
        "STORY_MENTION": "You were mentioned in a story.",
        "MESSAGE": "You have a message.",
        "SHARE": "A post was shared with you.",
        "NEW_POST": "Somebody of whom you want to know everything has posted.",
        "NEW_STORY": "Somebody of whom you want to know everything has a new story.",
        "LIVE": "Somebody of whom you want to know everything is live.",
        "MEDIA_READY": "What you uploaded is ready.",
        "MEDIA_FAILED": "What you uploaded could not be used.",
        "MODERATION": "A moderator decided on something of yours.",
        "SECURITY": "Something happened that concerns the safety of your account.",
        "WELCOME": "You have joined.",
    },
)

NotificationSubject = Annotated[
    Post | Comment | User | Upload, strawberry.union("NotificationSubject", description="What it is about.")
]


@strawberry.type(
    description="Something that happened and concerns you. Alike ones on one subject are grouped while they are unread."
)
class Notification(Node):
    kind: NotificationKind = strawberry.field(description="What it tells of.")
    actors: list[User] = batched(
        load_actors,
        description="Who did it, the latest first, as far as you may see them.",
        arguments={"first": "How many at most: 1 to 100."},
    )
    actor_count: int = strawberry.field(description="How many people did it, without those whom you may not see.")
    subject: NotificationSubject | None = batched(
        load_subject, description="What it is about; null where that is nothing, or gone, or not to be seen any more."
    )
    text: str = strawberry.field(description="The same in a sentence.")
    created_at: datetime = strawberry.field(description="When the first of what is grouped here happened.")
    updated_at: datetime = strawberry.field(description="When the last of what is grouped here happened.")
    is_read: bool = strawberry.field(description="Whether you have seen it. What comes later begins a new one then.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, ShownNotification)


@strawberry.type(description="A notification that is new, or to which something was added.")
class NotificationEvent:
    cursor: str = strawberry.field(description="Send it as `after` to go on behind this one.")
    notification: Notification = strawberry.field(description="One that you may know: then it has moved up.")
    unread_count: int = strawberry.field(description="How many are unread.")
