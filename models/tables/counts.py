"""Counts: a base and the deltas that are not folded into it yet."""

from enum import IntEnum

from sqlalchemy import BigInteger, Index, Integer, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey


class Counter(IntEnum):
    """What is counted. Numbers are stored: never reuse one."""

    FOLLOWERS = 1
    FOLLOWING = 2
    POSTS = 3
    LIKES = 4
    COMMENTS = 5
    SHARES = 6
    SAVES = 7
    REPLIES = 8


class Count(Base):
    """On the shard of the object."""

    __tablename__ = "counts"

    object_id: Mapped[IdKey]
    counter: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger, server_default="0")


class CountDelta(Base):
    """Appended in the transaction that changes what it counts, so that no two writers wait for one row."""

    __tablename__ = "count_deltas"
    __table_args__ = (Index(None, "object_id", "counter"),)

    id: Mapped[IdKey]
    object_id: Mapped[Id]
    counter: Mapped[int] = mapped_column(SmallInteger)
    delta: Mapped[int] = mapped_column(Integer)
