"""Edges between people and things. Rows are never deleted: the state changes and the version grows by one.

`previous_state` is what the row said before its last change, so that one statement can change a row and tell by
how much a count moved.
"""

from datetime import datetime
from enum import IntFlag, StrEnum

from sqlalchemy import BigInteger, DateTime, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, BigZero, IdKey, Moment, SmallZero


class Withheld(IntFlag):
    """Why an edge or a comment that stands is neither shown to anybody nor counted. Jobs bring it to what the truth
    says (`services/withholding.py`); 0 where nothing withholds it."""

    BLOCK = 1
    """Who did it and whose it is block each other, in one direction or both."""
    SUSPENSION = 2
    """Who did it is suspended (of `following`: who is followed)."""
    PARENT = 4
    """A reply whose parent is withheld."""


class FollowState(StrEnum):
    PENDING = "PENDING"
    ACCEPTED = "ACCEPTED"
    GONE = "GONE"


class LikeState(StrEnum):
    LIKED = "LIKED"
    GONE = "GONE"


class SaveState(StrEnum):
    SAVED = "SAVED"
    GONE = "GONE"


class _Edge:
    state: Mapped[str] = mapped_column(Text)
    previous_state: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[Moment]


class _Counted(_Edge):
    """Counted while it stands and `withheld` (see `Withheld`) is 0."""

    withheld: Mapped[SmallZero]


class Follow(_Counted, Base):
    """Truth, on the shard of the one followed, with the names of the follower; the mirror has those of the followed.

    Names are as of `…_name_version`; `…_search` is what a search looks through, made by `services.names`.
    """

    __tablename__ = "follows"
    __table_args__ = (Index("ix_follows_page", "followed_id", "state", text("since DESC"), text("follower_id DESC")),)

    followed_id: Mapped[IdKey]
    follower_id: Mapped[IdKey]
    follower_username: Mapped[str] = mapped_column(Text)
    follower_name: Mapped[str] = mapped_column(Text)
    follower_name_version: Mapped[int] = mapped_column(BigInteger)
    follower_search: Mapped[str] = mapped_column(Text)


class Following(_Counted, Base):
    """Mirror of `follows`, on the follower's shard."""

    __tablename__ = "following"
    __table_args__ = (Index("ix_following_page", "follower_id", "state", text("since DESC"), text("followed_id DESC")),)

    follower_id: Mapped[IdKey]
    followed_id: Mapped[IdKey]
    followed_username: Mapped[str] = mapped_column(Text)
    followed_name: Mapped[str] = mapped_column(Text)
    followed_name_version: Mapped[int] = mapped_column(BigInteger)
    followed_search: Mapped[str] = mapped_column(Text)


class Like(_Counted, Base):
    """Truth, on the shard of what is liked."""

    __tablename__ = "likes"
    __table_args__ = (Index("ix_likes_page", "subject_id", "state", text("since DESC"), text("user_id DESC")),)

    subject_id: Mapped[IdKey]
    user_id: Mapped[IdKey]


class _OfPost(_Edge):
    """What somebody did to a post or a comment: `author_id` is whose that is, `post_kind` what kind of post it is
    (None for a comment that is liked). 0 and None where it was done before these were kept."""

    author_id: Mapped[BigZero]
    post_kind: Mapped[str | None] = mapped_column(Text)


class LikeGiven(_OfPost, Base):
    """Mirror of `likes`, on the liker's shard."""

    __tablename__ = "likes_given"
    __table_args__ = (
        Index("ix_likes_given_page", "user_id", "subject_kind", "state", text("since DESC"), text("subject_id DESC")),
    )

    user_id: Mapped[IdKey]
    subject_id: Mapped[IdKey]
    subject_kind: Mapped[str] = mapped_column(Text, server_default="POST")


class Save(_Counted, Base):
    """Truth, on the post's shard."""

    __tablename__ = "saves"

    post_id: Mapped[IdKey]
    user_id: Mapped[IdKey]


class SaveMade(_OfPost, Base):
    """Mirror of `saves`, on the saver's shard."""

    __tablename__ = "saves_made"
    __table_args__ = (Index("ix_saves_made_page", "user_id", "state", text("since DESC"), text("post_id DESC")),)

    user_id: Mapped[IdKey]
    post_id: Mapped[IdKey]


class CommentMade(Base):
    """Mirror of `comments`, on the commenter's shard. `author_id` is whose the post is, 0 where it was made before this
    was kept."""

    __tablename__ = "comments_made"

    user_id: Mapped[IdKey]
    comment_id: Mapped[IdKey]
    state: Mapped[str] = mapped_column(Text)
    previous_state: Mapped[str | None] = mapped_column(Text)
    version: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    author_id: Mapped[BigZero]
    post_kind: Mapped[str | None] = mapped_column(Text)
