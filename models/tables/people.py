"""People, how they prove who they are, and the names that they hold."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, BigZero, Id, IdKey, Moment, MomentNow, ShardKey


class UserState(StrEnum):
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETED = "DELETED"


class User(Base):
    """On the shard in its id.

    `media_epoch` grows whenever URLs of the user's media that were given out have to die; `media_floor` is what it was
    when the last of those was all of them (the account went private, or was suspended). `feed_order` is in which order
    the user reads the home feed where none is named: a `services.feeds.reasons.FeedOrder`.
    """

    __tablename__ = "users"

    id: Mapped[IdKey]
    username: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text, server_default="")
    bio: Mapped[str] = mapped_column(Text, server_default="")
    website: Mapped[str | None] = mapped_column(Text)
    pronouns: Mapped[str | None] = mapped_column(Text)
    avatar: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    is_private: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    is_verified: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    state: Mapped[str] = mapped_column(Text, server_default=UserState.ACTIVE.value)
    name_version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    last_active_on: Mapped[date | None]
    media_epoch: Mapped[BigZero]
    media_floor: Mapped[BigZero]
    feed_order: Mapped[str] = mapped_column(Text, server_default="CHRONOLOGICAL")


class Credential(Base):
    """What signs a user in. On the user's shard."""

    __tablename__ = "credentials"

    user_id: Mapped[IdKey]
    email: Mapped[str] = mapped_column(Text)
    is_email_confirmed: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    password_hash: Mapped[str | None] = mapped_column(Text)


class Session(Base):
    """A sign-in. Its refresh token is replaced at each use; `generation` tells a used one from a forged one."""

    __tablename__ = "sessions"
    __table_args__ = (Index(None, "user_id"),)

    id: Mapped[IdKey]
    user_id: Mapped[Id]
    refresh_hash: Mapped[bytes] = mapped_column(LargeBinary)
    generation: Mapped[int] = mapped_column(BigInteger, server_default="1")
    refresh_expires_at: Mapped[Moment]
    user_agent: Mapped[str | None] = mapped_column(Text)
    ip_address: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[MomentNow]
    last_used_at: Mapped[MomentNow]
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ClaimKind(StrEnum):
    USERNAME = "USERNAME"
    EMAIL = "EMAIL"


class ClaimState(StrEnum):
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"


class Claim(Base):
    """A username or an e-mail address, on the shard of its hash: unique across all shards."""

    __tablename__ = "claims"
    __table_args__ = (Index(None, "expires_at", postgresql_where=text("state = 'PENDING'")),)

    shard: Mapped[ShardKey]
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text, primary_key=True)
    owner_id: Mapped[Id]
    attempt: Mapped[Id]
    state: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class ClaimOutcome(Base):
    """What became of an attempt to claim names, on the owner's shard: written once, by the owner's transaction
    (`KEPT`) or by whoever takes an expired claim over (`ABANDONED`). Its primary key decides which was first."""

    __tablename__ = "claim_outcomes"

    attempt: Mapped[IdKey]
    outcome: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[MomentNow]
