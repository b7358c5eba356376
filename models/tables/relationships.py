"""What people have set about people, on the shard of the one who set it."""

from enum import StrEnum

from sqlalchemy import Boolean, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, IdKey, MomentNow
from models.tables.edges import _Edge


class BlockState(StrEnum):
    BLOCKED = "BLOCKED"
    GONE = "GONE"


class MuteState(StrEnum):
    MUTED = "MUTED"
    GONE = "GONE"


class CloseFriendState(StrEnum):
    CLOSE = "CLOSE"
    GONE = "GONE"


class Block(_Edge, Base):
    """Truth, on the blocker's shard."""

    __tablename__ = "blocks"
    __table_args__ = (Index("ix_blocks_page", "blocker_id", "state", text("since DESC"), text("blocked_id DESC")),)

    blocker_id: Mapped[IdKey]
    blocked_id: Mapped[IdKey]


class BlockReceived(_Edge, Base):
    """Mirror of `blocks`, on the shard of the one blocked: what a follow on that shard is checked against in its own
    transaction. Visibility reads it only to hide somebody of whom the truth is out of reach."""

    __tablename__ = "blocks_received"

    blocked_id: Mapped[IdKey]
    blocker_id: Mapped[IdKey]


class Mute(_Edge, Base):
    """On the muter's shard, and nowhere else: the muted cannot tell."""

    __tablename__ = "mutes"
    __table_args__ = (Index("ix_mutes_page", "muter_id", "state", text("since DESC"), text("muted_id DESC")),)

    muter_id: Mapped[IdKey]
    muted_id: Mapped[IdKey]


class CloseFriend(_Edge, Base):
    """On the shard of the one who shares with close friends."""

    __tablename__ = "close_friends"
    __table_args__ = (Index("ix_close_friends_page", "user_id", "state", text("since DESC"), text("friend_id DESC")),)

    user_id: Mapped[IdKey]
    friend_id: Mapped[IdKey]


class AuthorAlert(Base):
    """What a person asked to be told of an author, on the person's shard."""

    __tablename__ = "author_alerts"

    user_id: Mapped[IdKey]
    author_id: Mapped[IdKey]
    posts: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    stories: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    reels: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    live: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class FollowReservation(Base):
    """A place among the follows of one person, taken on the follower's shard before the follow is written on the other:
    it stands until the mirror says what became of it. Each `attempt`, an id of that shard, has its own."""

    __tablename__ = "follow_reservations"

    follower_id: Mapped[IdKey]
    followed_id: Mapped[IdKey]
    attempt: Mapped[IdKey]
    reserved_at: Mapped[MomentNow]
