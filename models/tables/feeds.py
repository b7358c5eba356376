"""What feeds are made of beside posts and follows: on the shard of the author, of the viewer, or of the page."""

from enum import StrEnum

from sqlalchemy import BigInteger, Float, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey, Moment, MomentNow
from models.tables.edges import _Edge


class FeedSurface(StrEnum):
    """Where something was shown to a viewer. Names are stored: never rename one."""

    HOME = "HOME"
    EXPLORE = "EXPLORE"
    REELS = "REELS"
    PROFILE = "PROFILE"
    HASHTAG = "HASHTAG"
    SEARCH = "SEARCH"


class SnapshotFeed(StrEnum):
    """The feeds of which snapshots are kept. Names are stored: never rename one."""

    HOME = "HOME"
    EXPLORE = "EXPLORE"
    REELS = "REELS"


class HashtagFollowState(StrEnum):
    FOLLOWED = "FOLLOWED"
    GONE = "GONE"


class PulledInterval(Base):
    """A time in which an author has too many followers to be pushed into each one's timeline, on the author's shard.

    Posts whose ids are at least `since_id` and below `until_id` (None: it has not ended) are read when a feed is read
    ("pulled"); all others are pushed.
    """

    __tablename__ = "pulled_intervals"
    __table_args__ = (
        Index("uq_pulled_intervals_open", "author_id", unique=True, postgresql_where=text("until_id IS NULL")),
    )

    author_id: Mapped[IdKey]
    since_id: Mapped[IdKey]
    until_id: Mapped[int | None] = mapped_column(BigInteger)


class HashtagFollow(_Edge, Base):
    """On the shard of who follows the hashtag, and nowhere else: nobody sees who follows a hashtag."""

    __tablename__ = "hashtag_follows"
    __table_args__ = (
        Index("ix_hashtag_follows_page", "user_id", "state", text("since DESC"), text("hashtag_id DESC")),
    )

    user_id: Mapped[IdKey]
    hashtag_id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(Text)


class Impression(Base):
    """That something was shown to a viewer, on the viewer's shard. What a client tells of it makes up the key, so that
    a report that is sent twice is one. `author_id` is whose it is (the person shown, for a profile), `post_kind` the
    kind of a post; `times` counts reports that were the same on different days."""

    __tablename__ = "impressions"
    __table_args__ = (
        Index("ix_impressions_viewer", "viewer_id", text("recorded_at DESC")),
        Index(None, "recorded_at", postgresql_using="brin"),
        Index(
            "ix_impressions_visits",
            "viewer_id",
            text("recorded_at DESC"),
            postgresql_where=text("subject_kind = 'USER'"),
        ),
    )

    viewer_id: Mapped[IdKey]
    subject_id: Mapped[IdKey]
    surface: Mapped[str] = mapped_column(Text, primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    dwell_ms: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    subject_kind: Mapped[str] = mapped_column(Text)
    author_id: Mapped[Id]
    post_kind: Mapped[str | None] = mapped_column(Text)
    watched_fraction: Mapped[float | None] = mapped_column(Float)
    times: Mapped[int] = mapped_column(Integer, server_default="1")
    recorded_at: Mapped[MomentNow]


class FeedSnapshot(Base):
    """The order in which a feed was ranked at a moment, on the viewer's shard: four arrays of one length. `kinds` are
    those of `services.feeds.snapshots.ItemKind`, `reasons` of `services.feeds.reasons`. Below `floor_id` (0: there is
    nothing) the feed goes on by time. `fingerprint` tells of which candidates it was made."""

    __tablename__ = "feed_snapshots"
    __table_args__ = (Index(None, "created_at", postgresql_using="brin"),)

    viewer_id: Mapped[IdKey]
    feed: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[IdKey]
    created_at: Mapped[MomentNow]
    fingerprint: Mapped[Id]
    floor_id: Mapped[Id]
    kinds: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    scores: Mapped[list[float | None]] = mapped_column(ARRAY(Float))
    reasons: Mapped[list[int]] = mapped_column(ARRAY(SmallInteger))


class PageTop(Base):
    """The best of the newest posts of a hashtag or a place at a moment, in order, on the page's shard: the same for all
    who look. Below `floor_id` (0: there is nothing) the page goes on by time."""

    __tablename__ = "page_tops"
    __table_args__ = (Index(None, "created_at", postgresql_using="brin"),)

    page_id: Mapped[IdKey]
    id: Mapped[IdKey]
    created_at: Mapped[MomentNow]
    floor_id: Mapped[Id]
    ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class Sponsorship(Base):
    """A post that somebody pays to have shown, on the post's shard."""

    __tablename__ = "sponsorships"
    __table_args__ = (Index(None, "ends_at"),)

    id: Mapped[IdKey]
    post_id: Mapped[Id]
    label: Mapped[str] = mapped_column(Text)
    begins_at: Mapped[Moment]
    ends_at: Mapped[Moment]
    created_at: Mapped[MomentNow]
