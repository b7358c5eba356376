"""Posts and comments."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Boolean, DateTime, Index, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, BigZero, Id, IdKey, MomentNow, SmallZero


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
    `alt_text` and, in `tags`, the people on it: `{"user_id", "x", "y"}`.

    `entities` are those of the caption, `{"start", "end", "kind"}` with the `user_id`, the `hashtag_id` and `name`, or
    the `url`; `hashtags` are `{"id", "name"}`, each once; `place` is `{"id", "name", "latitude", "longitude"}`.
    `media_epoch`: URLs of its media that were signed for an earlier epoch are refused (`services/withdrawals.py`).
    """

    __tablename__ = "posts"
    __table_args__ = (
        Index("ix_posts_author", "author_id", text("id DESC"), postgresql_where=text("state = 'LIVE'")),
        Index("ix_posts_kind", "author_id", "kind", text("id DESC"), postgresql_where=text("state = 'LIVE'")),
        Index("ix_posts_archived", "author_id", text("id DESC"), postgresql_where=text("state = 'ARCHIVED'")),
        Index("ix_posts_reels", text("id DESC"), postgresql_where=text("state = 'LIVE' AND kind = 'REEL'")),
        Index(
            "ix_posts_pinned",
            "author_id",
            text("pinned_at DESC"),
            postgresql_where=text("state = 'LIVE' AND pinned_at IS NOT NULL"),
        ),
    )

    id: Mapped[IdKey]
    author_id: Mapped[Id]
    kind: Mapped[str] = mapped_column(Text)
    caption: Mapped[str] = mapped_column(Text, server_default="")
    entities: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    hashtags: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    media: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    media_epoch: Mapped[BigZero]
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
    their order is that of the commits. `score` is what TOP goes by: the likes that are folded; `score_since` is the id
    of the change that made it so, minted under the same lock. `entities` are as those of a post. Counted and shown
    while it is LIVE and `withheld` (see `Withheld`) is 0."""

    __tablename__ = "comments"
    __table_args__ = (
        Index(
            "ix_comments_post",
            "post_id",
            text("id DESC"),
            postgresql_where=text("state = 'LIVE' AND parent_id IS NULL"),
        ),
        Index("ix_comments_latest", "post_id", text("id DESC"), postgresql_where=text("state = 'LIVE'")),
        Index("ix_comments_said", "post_id", "author_id", postgresql_where=text("state = 'LIVE'")),
        Index("ix_comments_replies", "parent_id", "id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(
            "ix_comments_top",
            "post_id",
            text("score DESC"),
            text("id DESC"),
            postgresql_where=text("state = 'LIVE' AND parent_id IS NULL"),
        ),
        Index(
            "ix_comments_scored",
            "post_id",
            text("score_since DESC"),
            postgresql_where=text("state = 'LIVE' AND score_since > 0"),
        ),
        Index(
            "ix_comments_pinned",
            "post_id",
            text("pinned_at DESC"),
            postgresql_where=text("state = 'LIVE' AND pinned_at IS NOT NULL"),
        ),
    )

    id: Mapped[IdKey]
    post_id: Mapped[Id]
    author_id: Mapped[Id]
    parent_id: Mapped[int | None] = mapped_column(BigInteger)
    text: Mapped[str] = mapped_column(Text)
    entities: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, server_default="[]")
    state: Mapped[str] = mapped_column(Text, server_default=CommentState.LIVE.value)
    withheld: Mapped[SmallZero]
    version: Mapped[int] = mapped_column(BigInteger, server_default="1")
    score: Mapped[int] = mapped_column(BigInteger, server_default="0")
    score_since: Mapped[BigZero]
    pinned_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class CommentScore(Base):
    """A score that a comment had, on the post's shard: from the change `since` to before the change `until`. Kept for a
    day, so that who walks the pages of TOP finds every comment where it stood when the walk began."""

    __tablename__ = "comment_scores"
    __table_args__ = (
        Index("ix_comment_scores_top", "post_id", text("score DESC"), text("comment_id DESC")),
        Index(None, "created_at", postgresql_using="brin"),
    )

    comment_id: Mapped[IdKey]
    until: Mapped[IdKey]
    since: Mapped[Id]
    post_id: Mapped[Id]
    score: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[MomentNow]


class Share(Base):
    """A post that was shown to one person, on the post's shard."""

    __tablename__ = "shares"
    __table_args__ = (Index(None, "post_id", "user_id"),)

    id: Mapped[IdKey]
    post_id: Mapped[Id]
    user_id: Mapped[Id]
    recipient_id: Mapped[Id]
    text: Mapped[str] = mapped_column(Text, server_default="")
