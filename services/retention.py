"""What is kept for a time only: finished events, idempotency keys, what notifications were told of, the scores that
comments had, what viewers were shown, and the orders in which feeds were ranked and pages stood."""

from dataclasses import asdict, astuple, dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import text

from core import clock
from core.errors import ShardUnavailable
from models.ids import floor_of, shard_of
from services.backend import Backend

KEPT_SCORES = timedelta(days=1)
"""How long one may take to walk through a post's comments and find each where it stood at the beginning."""
KEPT_SNAPSHOTS = timedelta(days=2)
"""How long one may take to walk through a ranked feed."""
KEPT_TOPS = timedelta(days=1)
"""How long one may take to walk through the best of a hashtag's or a place's posts."""
AT_ONCE = 1_000
"""Rows of one transaction, so that nobody waits long for a lock."""
log = structlog.get_logger("retention")


@dataclass(frozen=True, slots=True)
class Expired:
    """How many rows went."""

    events: int = 0
    idempotency_keys: int = 0
    notification_sources: int = 0
    comment_scores: int = 0
    impressions: int = 0
    feed_snapshots: int = 0
    page_tops: int = 0


async def expire(backend: Backend) -> Expired:
    """Deletes what is too old, in small steps. May run beside itself; a node that does not answer is left out."""
    days = timedelta(days=backend.settings.event_retention_days)
    expired = Expired(
        events=await _expire_events(backend, floor_of(clock.now_ms() - int(days.total_seconds() * 1000))),
        idempotency_keys=await _expire_rows(backend, _KEYS, days),
        # Longer than any event, since they keep a job that is done again from telling twice.
        notification_sources=await _expire_rows(backend, _SOURCES, 2 * days),
        comment_scores=await _expire_rows(backend, _SCORES, KEPT_SCORES),
        impressions=await _expire_rows(
            backend, _IMPRESSIONS, timedelta(days=backend.settings.impression_retention_days)
        ),
        feed_snapshots=await _expire_rows(backend, _SNAPSHOTS, KEPT_SNAPSHOTS),
        page_tops=await _expire_rows(backend, _TOPS, KEPT_TOPS),
    )
    if any(astuple(expired)):
        log.info("expired", **asdict(expired))
    return expired


_FINISHED = "NOT EXISTS (SELECT FROM deliveries d WHERE d.event_id = e.id AND d.state <> 'DONE')"
_OLD_EVENTS = f"""
    SELECT e.id FROM events e WHERE e.id > $1 AND e.id < $2 AND {_FINISHED} ORDER BY e.id LIMIT {AT_ONCE}
"""  # noqa: S608  put together from constants
_DELETE_EVENTS = f"""
    WITH gone AS (
        DELETE FROM events e WHERE e.id = ANY(:ids) AND {_FINISHED} RETURNING e.id
    ), cleared AS (
        DELETE FROM deliveries d USING gone WHERE d.event_id = gone.id
    )
    SELECT count(*) FROM gone
"""  # noqa: S608  put together from constants


async def _expire_events(backend: Backend, before_id: int) -> int:
    """Events older than the id whose deliveries all are done; those with a dead one stay, to be tried again."""
    deleted = 0
    for node in range(backend.shards.node_count):
        after_id = 0
        while rows := await backend.reader().on_node(node, _OLD_EVENTS, after_id, before_id):
            after_id = rows[-1]["id"]
            by_shard: dict[int, list[int]] = {}
            for row in rows:
                by_shard.setdefault(shard_of(row["id"]), []).append(row["id"])
            for shard, ids in by_shard.items():
                deleted += await _run(backend, shard, _DELETE_EVENTS, {"ids": ids})
    return deleted


@dataclass(frozen=True, slots=True)
class _Aged:
    """A table whose rows go at an age. `shard` tells a row's shard, in SQL; `moment` from when it ages."""

    table: str
    shard: str
    moment: str = "created_at"


_KEYS = _Aged("idempotency_keys", "shard")
_SOURCES = _Aged("notification_sources", "shard_of(recipient_id)")
_SCORES = _Aged("comment_scores", "shard_of(comment_id)")
_SNAPSHOTS = _Aged("feed_snapshots", "shard_of(viewer_id)")
_IMPRESSIONS = _Aged("impressions", "shard_of(viewer_id)", "recorded_at")
_TOPS = _Aged("page_tops", "shard_of(page_id)")


async def _expire_rows(backend: Backend, aged: _Aged, age: timedelta) -> int:
    """Waits for nobody: a row that somebody holds goes the next time, if it still is old."""
    before = clock.now() - age
    is_old = f"{aged.moment} <"
    with_old = f"SELECT DISTINCT {aged.shard} AS shard FROM {aged.table} WHERE {is_old} $1"  # noqa: S608  constants
    delete = f"""
        WITH old AS (
            SELECT ctid FROM {aged.table} WHERE {aged.shard} = :shard AND {is_old} :before LIMIT {AT_ONCE}
            FOR UPDATE SKIP LOCKED
        ), gone AS (
            DELETE FROM {aged.table} t USING old WHERE t.ctid = old.ctid RETURNING t.ctid
        )
        SELECT count(*) FROM gone
    """  # noqa: S608  put together from constants
    deleted = 0
    for row in await backend.reader().on_every_node(with_old, before):
        shard = row["shard"]
        while went := await _run(backend, shard, delete, {"shard": shard, "before": before}):
            deleted += went
    return deleted


async def _run(backend: Backend, shard: int, sql: str, values: dict[str, Any]) -> int:
    """The count that the statement returns; 0 where the shard is out of reach."""
    try:
        async with backend.transaction(shard) as transaction:
            return int((await transaction.session.execute(text(sql), values)).scalar_one())
    except ShardUnavailable:
        return 0
