"""Posts and comments."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey


class PostState(StrEnum):
    LIVE = "LIVE"
    ARCHIVED = "ARCHIVED"
    DELETED = "DELETED"


class PostKind(StrEnum):
    PHOTO = "PHOTO"
    VIDEO = "VIDEO"
    CAROUSEL = "CAROUSEL"
    REEL = "REEL"


class Post(Base):
    """On its author's shard, which its id carries. `media` is a list of what `uploads.result` holds, each with its
    `alt_text` and, in `tags`, the people on it: `{"user_id", "x", "y"}`."""

    __tablename__ = "posts"
    __table_args__ = (Index("ix_posts_author", "author_id", text("id DESC"), postgresql_where=text("state = 'LIVE'")),)

    id: Mapped[IdKey]
    author_id: Mapped[Id]
    kind: Mapped[str] = mapped_column(Text)
    caption: Mapped[str] = mapped_column(Text, server_default="")
    media: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    place: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    state: Mapped[str] = mapped_column(Text, server_default=PostState.LIVE.value)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    edited_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    pinned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    comments_enabled: Mapped[bool] = mapped_column(Boolean, server_default=text("true"))
    like_count_hidden: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))


class CommentState(StrEnum):
    LIVE = "LIVE"
    DELETED = "DELETED"


class Comment(Base):
    """On its post's shard, which its id carries. Ids of a post's comments are minted under a lock held to commit, so
    their order is that of the commits. `score` is what TOP goes by: the likes that are folded."""

    __tablename__ = "comments"
    __table_args__ = (
        Index(
            "ix_comments_post",
            "post_id",
            text("id DESC"),
            postgresql_where=text("state = 'LIVE' AND parent_id IS NULL"),
        ),
        Index(
            "ix_comments_replies", "parent_id", "id", postgresql_where=text("state = 'LIVE' AND parent_id IS NOT NULL")
        ),
        Index(
            "ix_comments_top",
            "post_id",
            text("score DESC"),
            text("id DESC"),
            postgresql_where=text("state = 'LIVE' AND parent_id IS NULL"),
        ),
    )

    id: Mapped[IdKey]
    post_id: Mapped[Id]
    author_id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(BigInteger)
    text: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text, server_default=CommentState.LIVE.value)
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    score: Mapped[int] = mapped_column(BigInteger, server_default="0")
    pinned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
