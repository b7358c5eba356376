"""What people do."""

from datetime import datetime
from typing import Annotated

import strawberry

from schema.base import describe_values
from schema.comment import Comment
from schema.post import Post
from schema.user import User
from services.feeds.activity.events import ActivityVerb

strawberry.enum(ActivityVerb, description="What somebody did.")
describe_values(
    ActivityVerb,
    {
        "POSTED": "They posted the subject, a post.",
        "LIKED": "They like the subject, a post.",
        "COMMENTED": "They said the subject, a comment or a reply.",
        "FOLLOWED": "They follow the subject, a person.",
    },
)

ActivitySubject = Annotated[
    Post | Comment | User, strawberry.union("ActivitySubject", description="What somebody did something to.")
]


@strawberry.type(description="Something that somebody did, as it still stands.")
class Activity:
    actor: User = strawberry.field(description="Who did it.")
    verb: ActivityVerb = strawberry.field(description="What they did.")
    subject: ActivitySubject = strawberry.field(description="To what; a verb tells of which type that is.")
    created_at: datetime = strawberry.field(description="When they did it.")
