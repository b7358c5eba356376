"""Pictures that may no longer be seen."""

from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, IdKey, MomentNow


class WithdrawnMedia(Base):
    """A rendition (the token in the keys of a picture's variants), on its owner's shard."""

    __tablename__ = "withdrawn_media"
    __table_args__ = (Index(None, "withdrawn_at"),)

    owner_id: Mapped[IdKey]
    rendition: Mapped[str] = mapped_column(Text, primary_key=True)
    withdrawn_at: Mapped[MomentNow]
