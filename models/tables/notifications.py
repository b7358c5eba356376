"""Notifications: one stream per recipient, on the recipient's shard."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey, MomentNow


class NotificationStream(Base):
    """`last_sequence` is taken with a row lock held to commit, so that sequence order is commit order."""

    __tablename__ = "notification_streams"

    recipient_id: Mapped[IdKey]
    last_sequence: Mapped[int] = mapped_column(BigInteger)


class Notification(Base):
    """Alike unread ones on one subject fold into one (`fold_key`), which moves up to a new sequence.

    `actor_ids` holds the latest few, newest first; `actor_count` counts all of them.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        Index("uq_notifications_sequence", "recipient_id", "sequence", unique=True),
        Index(
            "uq_notifications_fold",
            "recipient_id",
            "fold_key",
            unique=True,
            postgresql_where=text("read_at IS NULL AND fold_key IS NOT NULL"),
        ),
        Index("ix_notifications_unread", "recipient_id", postgresql_where=text("read_at IS NULL")),
    )

    id: Mapped[IdKey]
    recipient_id: Mapped[Id]
    sequence: Mapped[Id]
    kind: Mapped[str] = mapped_column(Text)
    subject_kind: Mapped[str | None] = mapped_column(Text)
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    fold_key: Mapped[str | None] = mapped_column(Text)
    actor_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger), server_default="{}")
    actor_count: Mapped[int] = mapped_column(Integer, server_default="0")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[MomentNow]
    updated_at: Mapped[MomentNow]
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class NotificationActor(Base):
    """Who is counted in a folded notification, so that one person counts once."""

    __tablename__ = "notification_actors"

    notification_id: Mapped[IdKey]
    actor_id: Mapped[IdKey]


class NotificationSource(Base):
    """The events that a recipient has been told of: what makes telling idempotent."""

    __tablename__ = "notification_sources"
    __table_args__ = (Index(None, "created_at", postgresql_using="brin"),)

    recipient_id: Mapped[IdKey]
    event_id: Mapped[IdKey]
    created_at: Mapped[MomentNow]
