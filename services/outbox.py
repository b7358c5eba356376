"""The outbox: events, written in the transaction that made them happen, and the jobs that follow from them.

`emit` is the writing side; `Job` is what a handler is given; `read_events` is for those who follow all events of a
shard by a position of their own. How a delivery comes to its handler is told in `services/deliveries.py`.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import orjson
import structlog
from sqlalchemy import text

from models.ids import shard_of
from models.reads.reader import Reader
from models.shards import NAMED, Transaction
from services.backend import Backend
from services.consequences import EventKind, handler_names
from services.horizon import horizon_of

JSON: TypeAlias = "str | int | float | bool | Sequence[JSON] | Mapping[str, JSON] | None"

_EMIT = text("""
    WITH event AS (
        INSERT INTO events (id, kind, payload, correlation_id)
        SELECT mint_id(:shard), :kind, payload, :correlation_id
        FROM jsonb_array_elements(CAST(:payloads AS jsonb)) AS payload
        RETURNING id
    ), delivery AS (
        INSERT INTO deliveries (event_id, handler, shard)
        SELECT event.id, handler, :shard FROM event, unnest(CAST(:handlers AS text[])) AS handler
    )
    SELECT id FROM event
""")


async def emit(transaction: Transaction, kind: EventKind, payload: Mapping[str, JSON]) -> int:
    """Appends an event to the transaction, with a delivery for each of its handlers; returns the event's id.

    The payload holds ids and what cannot be read anew, never rows. Raises LookupError for an event without handlers.
    """
    [event_id] = await emit_many(transaction, kind, [payload])
    return event_id


async def emit_many(transaction: Transaction, kind: EventKind, payloads: Sequence[Mapping[str, JSON]]) -> list[int]:
    """The same of many events of a kind, in one statement."""
    if not payloads:
        return []
    emitted = await transaction.session.execute(
        _EMIT,
        {
            "shard": transaction.shard,
            "kind": kind.value,
            "payloads": orjson.dumps(payloads).decode(),
            "correlation_id": structlog.contextvars.get_contextvars().get("correlation_id"),
            "handlers": handler_names(kind),
        },
    )
    transaction.has_events = True
    return list(emitted.scalars())


class Superseded(Exception):
    """Another try of the same delivery has begun, because this one outlived its lease: it must stop."""


class Unfinished(Exception):
    """Raised by a handler that has saved its progress and wants another turn: at once, and not counted as a failure."""


class Deferred(Exception):
    """Raised by a handler whose work another try takes along, which will mark this delivery DONE. Until then it counts
    as not begun: where the other one dies, the sweeper finds it."""


_SAVE_PROGRESS = f"""
    UPDATE deliveries
    SET progress = $6, forgiven = attempts, due_at = greatest(due_at, clock_now() + make_interval(secs => $5))
    FROM {NAMED}
    WHERE named.shard = $1 AND event_id = $2 AND handler = $3 AND attempts = $4 AND state = 'ENQUEUED'
    RETURNING attempts
"""  # noqa: S608  put together from constants


@dataclass(slots=True)
class Job:
    """One try of one handler at one event. `attempt` counts from 1 over all tries, also those that were forgiven.
    `is_done` where the handler itself has marked its delivery DONE."""

    backend: Backend
    event_id: int
    kind: EventKind
    handler: str
    payload: Mapping[str, Any]
    attempt: int
    progress: dict[str, Any] | None
    lease_seconds: float
    correlation_id: str | None = None
    is_done: bool = field(default=False, kw_only=True)

    async def save_progress(self, progress: dict[str, Any]) -> None:
        """Commits where the next try is to go on, if this one dies; the tries up to here count as no failures.

        Raises Superseded, and ShardUnavailable.
        """
        ours = (self.event_id, self.handler, self.attempt)
        if not await self.backend.shards.statement(
            shard_of(self.event_id), _SAVE_PROGRESS, *ours, self.lease_seconds, progress
        ):
            raise Superseded
        self.progress = progress


JobFunction: TypeAlias = Callable[[Job], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    id: int
    kind: EventKind
    payload: Mapping[str, Any]
    correlation_id: str | None


_EVENTS = """
    SELECT id, kind, payload, correlation_id FROM events
    WHERE shard_of(id) = $1 AND id > $2 AND id < $3
    ORDER BY id LIMIT $4
"""


async def read_events(reader: Reader, shard: int, after_id: int, limit: int) -> list[StoredEvent]:
    """The next events of a shard, in the order of their ids, for a consumer that keeps the last id as its position.

    None is ever passed over: what may still be overtaken by an older one that has not committed is held back. Raises
    ShardUnavailable.
    """
    horizon = await horizon_of(reader, shard)
    rows = await reader.on_shard(shard, _EVENTS, shard, after_id, horizon, limit)
    return [StoredEvent(row["id"], EventKind(row["kind"]), row["payload"], row["correlation_id"]) for row in rows]
