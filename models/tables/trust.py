"""What people report, on the shard of what is reported; and the pictures that may not come back."""

from enum import StrEnum

from sqlalchemy import Index, LargeBinary, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey, MomentNow


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


class RemovedPicture(Base):
    """A picture that was removed, so that it is known when it comes back: the SHA-256 of its file, and the perceptual
    hashes (32 bytes each) of what is to be seen, with their quality (0 to 100). On the shard of the upload that it was.
    All of them are kept in the memory of those who ask, read in the order of `id`."""

    __tablename__ = "removed_pictures"
    __table_args__ = (Index("uq_removed_pictures_upload", "upload_id", "sha256", unique=True),)

    id: Mapped[IdKey]
    upload_id: Mapped[Id]
    sha256: Mapped[bytes] = mapped_column(LargeBinary)
    hashes: Mapped[bytes | None] = mapped_column(LargeBinary)
    quality: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    reason: Mapped[str] = mapped_column(Text)
    removed_at: Mapped[MomentNow]
