"""Uploads and what came of them. The number of an image or a film is that of the upload which it came from; a film's
poster is the image of that number."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Float, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey


class MediaStatus(StrEnum):
    """UPLOADING → PROCESSING → READY, FAILED, HELD or REJECTED; HELD → READY or REJECTED, as a moderator decides;
    CANCELLED from any but FAILED and REJECTED while nothing shows it."""

    UPLOADING = "UPLOADING"
    PROCESSING = "PROCESSING"
    HELD = "HELD"
    READY = "READY"
    FAILED = "FAILED"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class UploadPurpose(StrEnum):
    POST = "POST"
    REEL = "REEL"
    STORY = "STORY"
    AVATAR = "AVATAR"
    MESSAGE = "MESSAGE"


class Upload(Base):
    """On its owner's shard. `result` is what `services.visible.media_row` reads, once READY; `attached_to` is the
    post that shows it, or its owner's own id for an avatar: one upload is attached once.

    `finished_at` is when its owner said that the file was sent; `objects_removed_at` when nothing of an upload that
    came to nothing was left in storage, and nothing could be sent there any more. `multipart_id` is the storage's name
    for a file that is sent in parts of `part_size` bytes (the last may be smaller). `recipe` is `media.recipe.Recipe`,
    `source` what the file said of itself, for its owner alone, until nothing of it is left in storage; `nudity` the
    score from 0 to 1 that it was judged by, `rejected_at` when it became REJECTED. `sha256` is of the file that was
    judged, which may be sent again until `expires_at`; null until then, and of what was judged before it was kept.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        # Pages of them, newest first; and how many of each type there were lately, which asks for no row.
        Index("ix_uploads_owner_type", "owner_id", text("id DESC"), postgresql_include=["content_type"]),
        Index(
            "ix_uploads_to_sweep",
            "expires_at",
            postgresql_where=text("status IN ('UPLOADING', 'CANCELLED', 'FAILED') AND objects_removed_at IS NULL"),
        ),
        Index("ix_uploads_held", "id", postgresql_where=text("status = 'HELD'")),
        Index(
            "ix_uploads_rejected",
            "rejected_at",
            postgresql_where=text("status = 'REJECTED' AND objects_removed_at IS NULL"),
        ),
        # Whose object that is, which lies in storage.
        Index("ix_uploads_object_key", "object_key"),
        Index("ix_uploads_rendition", text("split_part(result #>> '{variants,0,key}', '/', 2)")),
    )

    id: Mapped[IdKey]
    owner_id: Mapped[Id]
    purpose: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    byte_size: Mapped[int] = mapped_column(Integer)
    file_name: Mapped[str | None] = mapped_column(Text)
    object_key: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    progress: Mapped[float] = mapped_column(Float, server_default="0")
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    alt_text: Mapped[str | None] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    captured_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    camera: Mapped[str | None] = mapped_column(Text)
    failure_reason: Mapped[str | None] = mapped_column(Text)
    attached_to: Mapped[int | None] = mapped_column(BigInteger)
    objects_removed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    multipart_id: Mapped[str | None] = mapped_column(Text)
    part_size: Mapped[int | None] = mapped_column(Integer)
    recipe: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    source: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    nudity: Mapped[float | None] = mapped_column(Float)
    rejected_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    sha256: Mapped[bytes | None] = mapped_column(LargeBinary)
