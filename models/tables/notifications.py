"""Notifications: one stream per recipient, on the recipient's shard."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, DateTime, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey, MomentNow


class NotificationKind(StrEnum):
    """What a notification tells of. Names are stored: never rename one."""

    LIKE = "LIKE"
    COMMENT = "COMMENT"
    REPLY = "REPLY"
    COMMENT_LIKE = "COMMENT_LIKE"
    FOLLOW = "FOLLOW"
    FOLLOW_REQUEST = "FOLLOW_REQUEST"
    FOLLOW_ACCEPTED = "FOLLOW_ACCEPTED"
    MENTION = "MENTION"
    TAG = "TAG"
    STORY_REPLY = "STORY_REPLY"
    STORY_LIKE = "STORY_LIKE"
    STORY_MENTION = "STORY_MENTION"
    MESSAGE = "MESSAGE"
    SHARE = "SHARE"
    NEW_POST = "NEW_POST"
    NEW_STORY = "NEW_STORY"
    LIVE = "LIVE"
    MEDIA_READY = "MEDIA_READY"
    MEDIA_FAILED = "MEDIA_FAILED"
    MODERATION = "MODERATION"
    SECURITY = "SECURITY"
    WELCOME = "WELCOME"


class NotificationStream(Base):
    """`last_sequence` is taken with a row lock held to commit, so that sequence order is commit order."""

    __tablename__ = "notification_streams"

    recipient_id: Mapped[IdKey]
    last_sequence: Mapped[int] = mapped_column(BigInteger)


class Notification(Base):
    """Alike unread ones on one subject fold into one (`fold_key`), which moves up to a new sequence.

    `actor_count` is the number of its rows in `notification_actors`.
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
    actor_count: Mapped[int] = mapped_column(Integer, server_default="0")
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default="{}")
    created_at: Mapped[MomentNow]
    updated_at: Mapped[MomentNow]
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class NotificationActor(Base):
    """Who is counted in a notification, so that one person counts once.

    `version` is that of the edge (a like, a follow) which was told: what takes the edge back names a higher one.
    `sequence` is the notification's when the actor came in.
    """

    __tablename__ = "notification_actors"
    __table_args__ = (Index("ix_notification_actors_page", "notification_id", text("sequence DESC")),)

    notification_id: Mapped[IdKey]
    actor_id: Mapped[IdKey]
    version: Mapped[int] = mapped_column(BigInteger, server_default="0")
    sequence: Mapped[Id]


class NotificationSource(Base):
    """The events that a recipient has been told of: what makes telling idempotent."""

    __tablename__ = "notification_sources"
    __table_args__ = (Index(None, "created_at", postgresql_using="brin"),)

    recipient_id: Mapped[IdKey]
    event_id: Mapped[IdKey]
    created_at: Mapped[MomentNow]
