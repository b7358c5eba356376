"""Snapshots: the order in which a feed was ranked at a moment, kept on the viewer's shard so that its pages are stable
and outlive Redis. What may be shown of it is asked anew for every page."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any

from sqlalchemy import text

from core.errors import RequestErrorCode, RequestFault
from models.ids import shard_of
from models.reads.reader import Reader
from models.reads.snapshots import LATEST_SNAPSHOT, SNAPSHOT_ITEMS
from models.tables import SnapshotFeed
from services.backend import Backend
from services.feeds.reasons import NUMBERED_REASONS, REASON_NUMBERS, FeedReason
from services.pages import Edge

KEPT = 8
"""Snapshots of each of a viewer's feeds: whoever has begun anew more often than that cannot go on in an older one."""
ROUNDS = 3
REFILL_COUNT = 100


class ItemKind(IntEnum):
    """Numbers are stored: never change one."""

    POST = 1
    SPONSORED = 2
    SUGGESTED_USERS = 3


@dataclass(frozen=True, slots=True)
class Item:
    """`id` is that of a post; of a sponsorship where it is SPONSORED; 0 of SUGGESTED_USERS. `score` is what ranked it
    there, None of what was put there by rule."""

    kind: ItemKind
    id: int
    score: float | None
    reason: FeedReason


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`fingerprint` tells of which candidates it was made (63 bits). Below the post id `floor_id` the feed goes on by
    time, 0 where there is nothing below."""

    id: int
    created_at: datetime
    fingerprint: int
    floor_id: int
    length: int


_HOLD = text("SELECT pg_advisory_xact_lock(7430124, hashtext(:feed || CAST(:viewer_id AS bigint)::text))")
_KEEP = text("""
    WITH same AS (
        SELECT id, created_at, floor_id, length FROM (
            SELECT id, created_at, fingerprint, floor_id, cardinality(ids) AS length FROM feed_snapshots
            WHERE viewer_id = :viewer_id AND feed = :feed ORDER BY id DESC LIMIT 1
        ) AS latest
        WHERE fingerprint = :fingerprint AND created_at > CAST(:unless_since AS timestamptz)
    ), kept AS (
        INSERT INTO feed_snapshots (viewer_id, feed, id, fingerprint, floor_id, kinds, ids, scores, reasons)
        SELECT :viewer_id, :feed, mint_id(:shard), :fingerprint, :floor_id, CAST(:kinds AS smallint[]),
               CAST(:ids AS bigint[]), CAST(:scores AS float8[]), CAST(:reasons AS smallint[])
        WHERE NOT EXISTS (SELECT FROM same)
        RETURNING id, created_at, floor_id, cardinality(ids) AS length
    ), forgotten AS (
        DELETE FROM feed_snapshots
        WHERE viewer_id = :viewer_id AND feed = :feed AND EXISTS (SELECT FROM kept) AND id <= (
            SELECT id FROM feed_snapshots WHERE viewer_id = :viewer_id AND feed = :feed
            ORDER BY id DESC OFFSET :others LIMIT 1
        )
    )
    SELECT id, created_at, floor_id, length FROM same UNION ALL SELECT id, created_at, floor_id, length FROM kept
""")


async def keep_snapshot(
    backend: Backend,
    viewer_id: int,
    feed: SnapshotFeed,
    items: Sequence[Item],
    *,
    fingerprint: int,
    floor_id: int,
    unless_since: datetime | None = None,
) -> Snapshot:
    """Stores it, and forgets the oldest beyond KEPT; unless the latest has been made since that moment and has the same
    fingerprint: then that one is given. So of many that begin at once, on sockets or under aliases of their own, the
    first makes one and the others read it, and none is forgotten before it is read. Raises ShardUnavailable."""
    shard = shard_of(viewer_id)
    owner = {"viewer_id": viewer_id, "feed": feed.value}
    async with backend.transaction(shard) as transaction:
        await transaction.session.execute(_HOLD, owner)
        kept = await transaction.session.execute(
            _KEEP,
            {
                **owner,
                "shard": shard,
                "fingerprint": fingerprint,
                "floor_id": floor_id,
                "kinds": [int(item.kind) for item in items],
                "ids": [item.id for item in items],
                "scores": [item.score for item in items],
                "reasons": [REASON_NUMBERS[item.reason] for item in items],
                "unless_since": unless_since,
                "others": KEPT - 1,
            },
        )
        snapshot_id, created_at, floor, length = kept.one()
    return Snapshot(snapshot_id, created_at, fingerprint, floor, length)


async def latest_snapshot(reader: Reader, viewer_id: int, feed: SnapshotFeed) -> Snapshot | None:
    """One statement. Raises ShardUnavailable."""
    rows = await reader.on_shard_of(viewer_id, LATEST_SNAPSHOT, viewer_id, feed.value)
    return Snapshot(**rows[0]) if rows else None


@dataclass(frozen=True, slots=True)
class Walk:
    """What a page takes from a snapshot: edges, each with the position of its item; `position` is how many items were
    looked at from the beginning. `ended` where there are no more; then it goes on below `floor_id`."""

    edges: list[tuple[int, Edge[Any]]]
    position: int
    floor_id: int
    ended: bool


async def walk(
    reader: Reader,
    viewer_id: int,
    feed: SnapshotFeed,
    *,
    snapshot_id: int,
    position: int,
    count: int,
    prove: Callable[[Sequence[Item]], Awaitable[Sequence[Edge[Any] | None]]],
) -> Walk:
    """At least `count` edges from behind `position` items on, if there are as many; ROUNDS rounds look for them.

    `prove` tells what is shown of each item, None for nothing; cursors are for the caller to set. Raises RequestFault
    (BAD_REQUEST) for a snapshot that is no longer kept, or is another's; ShardUnavailable.
    """
    edges: list[tuple[int, Edge[Any]]] = []
    wanted, floor_id, ended = count, 0, False
    for _ in range(ROUNDS):
        arguments = (viewer_id, feed.value, snapshot_id, position, wanted)
        rows = await reader.on_shard_of(viewer_id, SNAPSHOT_ITEMS, *arguments)
        if not rows:
            raise RequestFault(RequestErrorCode.BAD_REQUEST, "This feed is too old to go on in: begin it anew.")
        row = rows[0]
        items = [
            Item(ItemKind(kind), number, score, NUMBERED_REASONS[reason])
            for kind, number, score, reason in zip(row["kinds"], row["ids"], row["scores"], row["reasons"], strict=True)
        ]
        shown = await prove(items)
        edges += [(position + place, edge) for place, edge in enumerate(shown) if edge is not None]
        position += len(items)
        floor_id, ended = row["floor_id"], position >= row["length"]
        if ended or len(edges) >= count:
            break
        wanted = REFILL_COUNT
    return Walk(edges, position, floor_id, ended)
