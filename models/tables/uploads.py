"""Uploads and what came of them. An image's number is that of the upload which it came from."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Float, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey


class Upload(Base):
    """On its owner's shard. `result` is a `media.inline.InlineMedia` object once READY; `attached_to` is the post
    that shows it, or its owner's own id for an avatar: one upload is attached once."""

    __tablename__ = "uploads"
    __table_args__ = (
        Index("ix_uploads_owner", "owner_id", text("id DESC")),
        Index(
            "ix_uploads_unfinished",
            "expires_at",
            postgresql_where=text("status IN ('UPLOADING', 'PROCESSING')"),
        ),
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
