"""Telling somebody of something: one transaction on the recipient's shard.

The recipient's next sequence is taken with a row lock that is held to the commit, so whoever has seen a sequence
has seen, or can still see, every lower one: what streams and cursors rest on.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson
from sqlalchemy import text

from models.global_ids import NodeKind
from models.ids import shard_of
from models.shards import Transaction
from models.tables import NotificationKind
from services.backend import Backend
from services.live import user_channel

Subject = tuple[NodeKind, int]

NEWS_EACH_TIME = frozenset({NotificationKind.COMMENT, NotificationKind.REPLY})
"""Kinds of which the same person can do another one: each moves the notification up. The rest can only stand."""


@dataclass(frozen=True, slots=True)
class Telling:
    """`version` grows with each change of the edge that is told of (a like, a follow); 0 where there is none."""

    recipient_id: int
    kind: NotificationKind
    event_id: int
    actor_id: int | None = None
    subject: Subject | None = None
    folds: bool = True
    version: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def fold_key(self) -> str | None:
        return fold_key(self.kind, self.subject) if self.folds and self.actor_id is not None else None


def fold_key(kind: NotificationKind, subject: Subject | None) -> str:
    """What alike notifications of a recipient have in common."""
    return f"{kind}:{subject[0].name}:{subject[1]}" if subject else kind.value


async def tell(
    backend: Backend,
    recipient_id: int,
    kind: NotificationKind,
    *,
    event_id: int,
    actor_id: int | None = None,
    subject: Subject | None = None,
    fold: bool = True,
    version: int = 0,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Tells the recipient, once for each event however often it is called. Nobody is told of what they did themselves.

    Raises ShardUnavailable.
    """
    if actor_id == recipient_id or not backend.shards.exists(recipient_id):
        return
    telling = Telling(recipient_id, kind, event_id, actor_id, subject, fold, version, details or {})
    async with backend.transaction(shard_of(recipient_id)) as transaction:
        await write(transaction, telling)
    # Also when nothing was written: the one who wrote it may have died before saying so.
    await backend.publish(user_channel(recipient_id), b"notification")


_TAKE_SEQUENCE = text("""
    WITH source AS (
        INSERT INTO notification_sources (recipient_id, event_id)
        SELECT id, :event_id FROM users WHERE id = :recipient_id AND state <> 'DELETED'
        ON CONFLICT DO NOTHING
        RETURNING recipient_id
    )
    INSERT INTO notification_streams (recipient_id, last_sequence) SELECT recipient_id, 1 FROM source
    ON CONFLICT (recipient_id) DO UPDATE SET last_sequence = notification_streams.last_sequence + 1
    RETURNING last_sequence
""")
_IS_COUNTED = text("""
    UPDATE notification_actors AS a SET version = greatest(a.version, :version)
    FROM notifications n
    WHERE n.recipient_id = :recipient_id AND n.fold_key = :fold_key AND n.read_at IS NULL
      AND a.notification_id = n.id AND a.actor_id = :actor_id
    RETURNING a.notification_id
""")
_WRITE = text("""
    INSERT INTO notifications (id, recipient_id, sequence, kind, subject_kind, subject_id, fold_key, details)
    VALUES (mint_id(:shard), :recipient_id, :sequence, :kind, :subject_kind, :subject_id, :fold_key,
            CAST(:details AS jsonb))
    ON CONFLICT (recipient_id, fold_key) WHERE read_at IS NULL AND fold_key IS NOT NULL
    DO UPDATE SET sequence = excluded.sequence, details = excluded.details, updated_at = clock_now()
    RETURNING id
""")
_COUNT_ACTOR = text("""
    WITH actor AS (
        INSERT INTO notification_actors (notification_id, actor_id, version, sequence)
        VALUES (:notification_id, :actor_id, :version, :sequence)
        ON CONFLICT (notification_id, actor_id) DO UPDATE
        SET sequence = excluded.sequence, version = greatest(notification_actors.version, excluded.version)
        RETURNING xmax = 0 AS is_new
    )
    UPDATE notifications SET actor_count = actor_count + 1
    WHERE id = :notification_id AND (SELECT is_new FROM actor)
""")


async def write(transaction: Transaction, telling: Telling) -> int | None:
    """Writes it down; returns its sequence, or None where the recipient was told of this event before.

    A sequence that is taken and not used is a gap, which nobody minds.
    """
    execute = transaction.session.execute
    taken = await execute(_TAKE_SEQUENCE, {"recipient_id": telling.recipient_id, "event_id": telling.event_id})
    sequence = taken.scalar_one_or_none()
    if sequence is None:
        return None
    actor = {
        "recipient_id": telling.recipient_id,
        "fold_key": telling.fold_key,
        "actor_id": telling.actor_id,
        "version": telling.version,
    }
    if telling.fold_key is not None and telling.kind not in NEWS_EACH_TIME:
        counted = await execute(_IS_COUNTED, actor)
        if counted.scalar_one_or_none() is not None:
            return None
    written = await execute(
        _WRITE,
        {
            "shard": transaction.shard,
            "recipient_id": telling.recipient_id,
            "sequence": sequence,
            "kind": telling.kind.value,
            "subject_kind": telling.subject[0].name if telling.subject else None,
            "subject_id": telling.subject[1] if telling.subject else None,
            "fold_key": telling.fold_key,
            "details": orjson.dumps(telling.details).decode(),
        },
    )
    if telling.actor_id is not None:
        notification_id = written.scalar_one()
        del actor["recipient_id"], actor["fold_key"]
        await execute(_COUNT_ACTOR, {**actor, "notification_id": notification_id, "sequence": sequence})
    return int(sequence)
