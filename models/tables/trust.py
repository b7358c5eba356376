"""What people report, on the shard of what is reported."""

from enum import StrEnum

from sqlalchemy import Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey


class ReportReason(StrEnum):
    """Names are stored: never rename one."""

    SPAM = "SPAM"
    NUDITY = "NUDITY"
    HATE = "HATE"
    VIOLENCE = "VIOLENCE"
    HARASSMENT = "HARASSMENT"
    SELF_HARM = "SELF_HARM"
    FALSE_INFORMATION = "FALSE_INFORMATION"
    INTELLECTUAL_PROPERTY = "INTELLECTUAL_PROPERTY"
    SCAM = "SCAM"
    OTHER = "OTHER"


class ReportStatus(StrEnum):
    OPEN = "OPEN"
    UPHELD = "UPHELD"
    DISMISSED = "DISMISSED"


class Report(Base):
    """One that is open per reporter, subject and reason."""

    __tablename__ = "reports"
    __table_args__ = (
        Index(
            "uq_reports_open",
            "subject_id",
            "reporter_id",
            "reason",
            unique=True,
            postgresql_where=text("status = 'OPEN'"),
        ),
    )

    id: Mapped[IdKey]
    subject_kind: Mapped[str] = mapped_column(Text)
    subject_id: Mapped[Id]
    reporter_id: Mapped[Id]
    reason: Mapped[str] = mapped_column(Text)
    details: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text, server_default=ReportStatus.OPEN.value)
