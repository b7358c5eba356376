"""What operators see of the deliveries, and what they can do about those that are dead."""

from dataclasses import dataclass

from sqlalchemy import text

from services.backend import Backend


@dataclass(frozen=True, slots=True)
class Standing:
    """The unfinished deliveries of one handler on one node. `failed` ones wait for another try."""

    node: int
    handler: str
    pending: int
    enqueued: int
    running: int
    failed: int
    dead: int
    oldest_seconds: float
    """How long the oldest of them has been there."""
    last_error: str | None


_STANDING = """
    SELECT handler,
           count(*) FILTER (WHERE state = 'PENDING' AND (attempts = 0 OR last_error IS NULL)) AS pending,
           count(*) FILTER (WHERE state = 'PENDING' AND attempts > 0 AND last_error IS NOT NULL) AS failed,
           count(*) FILTER (WHERE state = 'ENQUEUED' AND started_at IS NULL) AS enqueued,
           count(*) FILTER (WHERE state = 'ENQUEUED' AND started_at IS NOT NULL) AS running,
           count(*) FILTER (WHERE state = 'DEAD') AS dead,
           ((clock_ms() - 1735689600000 - (min(event_id) >> 23)) / 1000.0)::float AS oldest_seconds,
           (array_agg(last_error ORDER BY event_id DESC) FILTER (WHERE last_error IS NOT NULL))[1] AS last_error
    FROM (
        SELECT * FROM deliveries WHERE state IN ('PENDING', 'ENQUEUED')
        UNION ALL
        SELECT * FROM deliveries WHERE state = 'DEAD'
    ) AS unfinished
    GROUP BY handler ORDER BY handler
"""


async def standings(backend: Backend) -> tuple[list[Standing], set[int]]:
    """By node and handler; and the numbers of the nodes that do not answer."""
    reader = backend.reader()
    found = [
        Standing(node=node, **dict(row))
        for node in range(backend.shards.node_count)
        for row in await reader.on_node(node, _STANDING)
    ]
    return found, reader.unavailable


_DEAD_SHARDS = "SELECT DISTINCT shard FROM deliveries WHERE state = 'DEAD' AND ($1::text IS NULL OR handler = $1)"
_REVIVE = text("""
    UPDATE deliveries SET state = 'PENDING', forgiven = attempts, due_at = clock_now()
    WHERE shard = :shard AND state = 'DEAD' AND (CAST(:handler AS text) IS NULL OR handler = :handler)
    RETURNING event_id
""")


async def revive(backend: Backend, handler: str | None = None) -> int:
    """Gives the dead all their tries anew: of one handler, or of all. Returns how many; what is on a node that does
    not answer stays dead. Raises ShardUnavailable if one goes away meanwhile."""
    revived = 0
    for row in await backend.reader().on_every_node(_DEAD_SHARDS, handler):
        shard = row["shard"]
        async with backend.transaction(shard) as transaction:
            rows = await transaction.session.execute(_REVIVE, {"shard": shard, "handler": handler})
            revived += len(rows.all())
    return revived
