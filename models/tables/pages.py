"""What posts are found by: hashtags, places, and the people tagged on them."""

from enum import StrEnum

from sqlalchemy import Float, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, IdKey
from models.tables.edges import _Edge


class ListingState(StrEnum):
    """Whether a post stands on a page."""

    LISTED = "LISTED"
    GONE = "GONE"


class Hashtag(Base):
    """On the shard of the hash of its name, which its id carries. Made at its first use, and for good."""

    __tablename__ = "hashtags"
    __table_args__ = (Index("uq_hashtags_name", "name", unique=True),)

    id: Mapped[IdKey]
    name: Mapped[str] = mapped_column(Text)


class Place(Base):
    """On the shard of the hash of `key` (its folded name and its geo cell), which its id carries. Its name and
    coordinates are those of its first use."""

    __tablename__ = "places"
    __table_args__ = (Index("uq_places_key", "key", unique=True),)

    id: Mapped[IdKey]
    key: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    latitude: Mapped[float] = mapped_column(Float)
    longitude: Mapped[float] = mapped_column(Float)


class HashtagPost(_Edge, Base):
    """Mirror of `posts`, on the hashtag's shard. `version` is the post's."""

    __tablename__ = "hashtag_posts"
    __table_args__ = (
        Index("ix_hashtag_posts_page", "hashtag_id", text("post_id DESC"), postgresql_where=text("state = 'LISTED'")),
    )

    hashtag_id: Mapped[IdKey]
    post_id: Mapped[IdKey]


class PlacePost(_Edge, Base):
    """Mirror of `posts`, on the place's shard. `version` is the post's."""

    __tablename__ = "place_posts"
    __table_args__ = (
        Index("ix_place_posts_page", "place_id", text("post_id DESC"), postgresql_where=text("state = 'LISTED'")),
    )

    place_id: Mapped[IdKey]
    post_id: Mapped[IdKey]


class TaggedPost(_Edge, Base):
    """Mirror of `posts`, on the shard of a person who is tagged on it. `version` is the post's."""

    __tablename__ = "tagged_posts"
    __table_args__ = (
        Index("ix_tagged_posts_page", "user_id", text("post_id DESC"), postgresql_where=text("state = 'LISTED'")),
    )

    user_id: Mapped[IdKey]
    post_id: Mapped[IdKey]
