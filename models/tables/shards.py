"""The shard map, the same on every node. Not sharded itself."""

from sqlalchemy import BigInteger, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base


class ShardAssignment(Base):
    """Which node holds a logical shard. The copy with the highest version counts."""

    __tablename__ = "shard_map"

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    node: Mapped[int] = mapped_column(SmallInteger)
    version: Mapped[int] = mapped_column(BigInteger)


class NodeIdentity(Base):
    """One row: the number of this node, so that URLs given in another order are noticed."""

    __tablename__ = "node_identity"

    number: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
