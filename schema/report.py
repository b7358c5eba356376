"""What people tell the moderators of."""

from datetime import datetime
from typing import Annotated, Any

import strawberry
from strawberry.scalars import ID

from execution.batched import batched
from loaders.report import load_report_subject
from models.tables import ReportReason, ReportStatus
from schema.base import Node, UserError, describe_values
from schema.comment import Comment
from schema.post import Post
from schema.upload import Upload
from schema.user import User
from services.visible import VisibleReport

strawberry.enum(ReportReason, description="What is wrong with what is reported.")
describe_values(
    ReportReason,
    {
        "SPAM": "It is sent to many who did not ask for it.",
        "NUDITY": "It shows nakedness or sex.",
        "HATE": "It turns people against a group of people.",
        "VIOLENCE": "It shows, threatens or praises violence.",
        "HARASSMENT": "It bullies somebody.",
        "SELF_HARM": "It shows or praises people hurting themselves; somebody may need help.",
        "FALSE_INFORMATION": "It is not true.",
        "INTELLECTUAL_PROPERTY": "It belongs to somebody else.",
        "SCAM": "It wants to cheat people out of something.",
        "OTHER": "Something else: say what in the details.",
    },
)

strawberry.enum(ReportStatus, description="What has become of a report.")
describe_values(
    ReportStatus,
    {
        "OPEN": "No moderator has decided on it yet.",
        "UPHELD": "A moderator found it to be right.",
        "DISMISSED": "A moderator found nothing wrong.",
    },
)

ReportSubject = Annotated[
    User | Post | Comment | Upload, strawberry.union("ReportSubject", description="What can be reported.")
]


@strawberry.type(description="That somebody finds something wrong. Only who reported it sees it.")
class Report(Node):
    subject: ReportSubject | None = batched(
        load_report_subject, description="What was reported; null where it is gone, or you may not see it any more."
    )
    reason: ReportReason = strawberry.field(description="What is wrong with it.")
    details: str | None = strawberry.field(description="More about it, in the words of who reported it.")
    status: ReportStatus = strawberry.field(description="What has become of the report.")
    created_at: datetime = strawberry.field(description="When it was reported.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, VisibleReport)


@strawberry.input(description="What to report, and why.")
class ReportInput:
    subject_id: ID = strawberry.field(
        description="A person, post or comment that you can see, and that is not your own."
    )
    reason: ReportReason = strawberry.field(
        description="What is wrong with it. While a report of yours of the same for the same reason is open, you get"
        " that one."
    )
    details: str | None = strawberry.field(default=None, description="More about it: at most 1,000 characters.")
    idempotency_key: str | None = strawberry.field(
        default=None,
        description="As in CreatePostInput. Sent a second time for the same subject, nothing is made;"
        " you get what was made the first time.",
    )


@strawberry.type(description="A report, or why it was refused.")
class ReportPayload:
    report: Report | None = strawberry.field(default=None, description="The report.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.")
