"""Pictures whose URLs may no longer be honoured."""

from sqlalchemy import BigInteger, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, IdKey, MomentNow

EVERY_EPOCH = 2**63 - 1


class WithdrawnMedia(Base):
    """URLs of an epoch below `below_epoch` are refused: of a rendition (the token in the keys of a picture's variants),
    or, where `rendition` is a word of `services.withdrawals.Scope`, of all that the owner has in that scope.

    On the owner's shard. Of two withdrawals of the same the higher epoch stands.
    """

    __tablename__ = "withdrawn_media"
    __table_args__ = (Index(None, "withdrawn_at"),)

    owner_id: Mapped[IdKey]
    rendition: Mapped[str] = mapped_column(Text, primary_key=True)
    below_epoch: Mapped[int] = mapped_column(BigInteger, server_default=text(str(EVERY_EPOCH)))
    withdrawn_at: Mapped[MomentNow]
