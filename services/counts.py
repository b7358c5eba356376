"""Counts that are always right: a base, and deltas appended by the transactions that change what is counted.

Nobody waits for anybody to count. Readers add base and deltas in one statement; folding moves deltas into the base
in one statement too, so a reader sees each delta once, on one side or the other.
"""

from collections.abc import Collection, Iterable

from sqlalchemy import text

from core import clock
from core.errors import ShardUnavailable
from models.ids import floor_of, shard_of
from models.reads.counts import COUNTS_BY_ID
from models.reads.reader import Reader
from models.shards import Transaction
from models.tables import Counter
from services.backend import Backend

FOLD_AT = 32
"""Deltas of one object that are folded soon."""
FOLD_AFTER_SECONDS = 60
"""Fewer of them are folded when the first is this old."""
FOLDED_AT_ONCE = 500

_ADD = text("""
    INSERT INTO count_deltas (id, object_id, counter, delta) VALUES (mint_id(:shard), :object_id, :counter, :delta)
""")


async def add(transaction: Transaction, object_id: int, counter: Counter, delta: int) -> None:
    """Counts `delta` more (or, negative, fewer) of an object of the transaction's shard."""
    if delta:
        await transaction.session.execute(
            _ADD, {"shard": transaction.shard, "object_id": object_id, "counter": counter.value, "delta": delta}
        )


async def read(
    reader: Reader, object_ids: Iterable[int], counters: Collection[Counter]
) -> dict[tuple[int, Counter], int]:
    """The counts of many objects: one statement per node. What was never counted is 0; what is on a node that does
    not answer is left out."""
    asked = list(object_ids)
    rows = await reader.by_ids(COUNTS_BY_ID, asked, [counter.value for counter in counters])
    counted = {
        (object_id, counter): 0
        for object_id in asked
        if not reader.shards.exists(object_id) or reader.shards.node_of(shard_of(object_id)) not in reader.unavailable
        for counter in counters
    }
    return counted | {(row["object_id"], Counter(row["counter"])): row["value"] for row in rows}


# Of folds that race, each takes the deltas that no other has; the rows of `counts` are taken in one order.
_FOLD = text("""
    WITH taken AS (
        SELECT id FROM count_deltas WHERE object_id = ANY(:object_ids) FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM count_deltas d USING taken WHERE d.id = taken.id RETURNING d.object_id, d.counter, d.delta
    )
    INSERT INTO counts AS c (object_id, counter, value)
    SELECT object_id, counter, sum(delta) FROM gone GROUP BY object_id, counter ORDER BY object_id, counter
    ON CONFLICT (object_id, counter) DO UPDATE SET value = c.value + excluded.value
""")


# What comments are ranked by moves when likes are folded, not with each like. A post's row is held while the scores of
# its comments change, as while comments are added: so the ids of both are in the order of their commits.
_TO_RANK = """
    FROM comments m JOIN counts c ON c.object_id = m.id AND c.counter = :likes
    WHERE m.id = ANY(:object_ids) AND m.parent_id IS NULL AND m.score <> c.value
"""
_HOLD_POSTS = text(f"""
    SELECT id FROM posts WHERE id IN (SELECT m.post_id {_TO_RANK}) ORDER BY id FOR NO KEY UPDATE
""")  # noqa: S608  put together from constants
_RANK = text(f"""
    WITH moved AS (
        SELECT m.id, m.post_id, m.score, m.score_since, c.value {_TO_RANK} ORDER BY m.id FOR NO KEY UPDATE OF m
    ), kept AS (
        INSERT INTO comment_scores (comment_id, post_id, score, since, until)
        SELECT id, post_id, score, score_since, :change FROM moved
    )
    UPDATE comments m SET score = moved.value, score_since = :change FROM moved WHERE m.id = moved.id
""")  # noqa: S608  put together from constants


async def fold(backend: Backend, object_id: int) -> None:
    """Moves the object's deltas into its base. Raises ShardUnavailable."""
    await _fold_on(backend, shard_of(object_id), [object_id])


async def _fold_on(backend: Backend, shard: int, object_ids: list[int]) -> None:
    async with backend.transaction(shard) as transaction:
        await transaction.session.execute(_FOLD, {"object_ids": object_ids})
        ranked = {"object_ids": object_ids, "likes": Counter.LIKES.value}
        if (await transaction.session.execute(_HOLD_POSTS, ranked)).all():
            await transaction.session.execute(_RANK, {**ranked, "change": await transaction.mint_id()})


_TO_FOLD = f"""
    SELECT object_id FROM count_deltas
    GROUP BY object_id HAVING count(*) >= {FOLD_AT} OR min(id) < $1
    ORDER BY count(*) DESC LIMIT {FOLDED_AT_ONCE}
"""  # noqa: S608  put together from constants


async def fold_due(backend: Backend) -> int:
    """Folds the objects with many deltas or old ones; returns how many objects that were."""
    reader = backend.reader()
    old = floor_of(clock.now_ms() - FOLD_AFTER_SECONDS * 1000)
    by_shard: dict[int, list[int]] = {}
    for row in await reader.on_every_node(_TO_FOLD, old):
        by_shard.setdefault(shard_of(row["object_id"]), []).append(row["object_id"])
    folded = 0
    for shard, object_ids in by_shard.items():
        try:
            await _fold_on(backend, shard, object_ids)
            folded += len(object_ids)
        except ShardUnavailable:  # its deltas count as they are, and are folded when it is back
            continue
    return folded
