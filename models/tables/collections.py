"""Collections of saved posts, on their owner's shard, which their ids carry."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey


class CollectionState(StrEnum):
    LIVE = "LIVE"
    DELETED = "DELETED"


class CollectionPostState(StrEnum):
    IN = "IN"
    GONE = "GONE"


class Collection(Base):
    __tablename__ = "collections"
    __table_args__ = (
        Index("ix_collections_owner", "owner_id", text("id DESC"), postgresql_where=text("state = 'LIVE'")),
    )

    id: Mapped[IdKey]
    owner_id: Mapped[Id]
    name: Mapped[str] = mapped_column(Text)
    cover_post_id: Mapped[int | None] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text, server_default=CollectionState.LIVE.value)


class CollectionPost(Base):
    """A saved post in a collection. `save_version` is that of the save with which it was put in, so that a late job of
    an older save does not bring back what was taken out."""

    __tablename__ = "collection_posts"
    __table_args__ = (
        Index(
            "ix_collection_posts_page",
            "collection_id",
            text("since DESC"),
            text("post_id DESC"),
            postgresql_where=text("state = 'IN'"),
        ),
    )

    collection_id: Mapped[IdKey]
    post_id: Mapped[IdKey]
    state: Mapped[str] = mapped_column(Text)
    save_version: Mapped[int] = mapped_column(BigInteger)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
