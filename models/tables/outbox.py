"""What happened, and who still has to act on it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import DateTime, Index, Integer, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from models.tables.base import Base, Id, IdKey, MomentNow


class Event(Base):
    """Append-only. On the shard on which it happened, which its id carries."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_shard", text("shard_of(id)"), "id"),)

    id: Mapped[IdKey]
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    correlation_id: Mapped[str | None] = mapped_column(Text)


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    ENQUEUED = "ENQUEUED"
    DONE = "DONE"
    DEAD = "DEAD"


class Delivery(Base):
    """An event for one of its handlers. DONE when the handler has committed. `due_at` is when to try (PENDING) or
    to suspect that the queue or the worker lost it (ENQUEUED, and once `started_at` is set, running).

    `attempts` counts every try, and no two tries have the same number; those in `forgiven` are not held against the
    job. `progress` is where a long handler goes on after a crash.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_due", "shard", "due_at", postgresql_where=text("state IN ('PENDING', 'ENQUEUED')")),
        Index("ix_deliveries_dead", "shard", postgresql_where=text("state = 'DEAD'")),
    )

    event_id: Mapped[IdKey]
    handler: Mapped[str] = mapped_column(Text, primary_key=True)
    shard: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(Text, server_default=DeliveryState.PENDING.value)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0")
    forgiven: Mapped[int] = mapped_column(Integer, server_default="0")
    due_at: Mapped[MomentNow]
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    last_error: Mapped[str | None] = mapped_column(Text)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class IdempotencyKey(Base):
    """What an actor's key made, on the shard of what was made."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at", postgresql_using="brin"),)

    shard: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    actor_id: Mapped[IdKey]
    operation: Mapped[str] = mapped_column(Text, primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    result_id: Mapped[Id]
    created_at: Mapped[MomentNow]
