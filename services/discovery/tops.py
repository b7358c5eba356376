"""Tops: the order of the newest posts of a hashtag or a place at a moment, the best first, on the page's shard. It is
the same for all who look, and made anew, at most once a minute, for whoever comes: two who come at once each make one,
and both are good.

A post's place is by the parts of the feeds' formula (`services.feeds.ranking.formula`) that know of no viewer:
0.40·engagement + 0.20·recency; of equals the newer is first. A top that comes out as the one before keeps its id.

How much one answer ranks is bounded. Where it asks for so many pages that not each can have LENGTH posts, each has
fewer; such a short top is made anew for whoever asks for fewer pages.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from core import clock
from core.errors import ShardUnavailable
from models.ids import MAX_ID, shard_of
from models.reads.discovery import LATEST_TOPS
from models.reads.reader import Reader
from models.tables import Counter
from services import counts
from services.backend import Backend
from services.feeds.ranking.formula import Formula, posted_ms
from services.feeds.ranking.scorer import PostFeatures

LENGTH = 1_000
FRESH_FOR = timedelta(seconds=60)
RANKED_AT_ONCE = 10_000
"""Posts that one answer ranks, of all pages together."""
SHORTEST = 10
"""Of these each page has its posts at least."""
_COUNTED = (Counter.LIKES, Counter.COMMENTS, Counter.SHARES, Counter.SAVES)
_HOUR_MS = 3_600_000
_FORMULA = Formula()

# Rows are touched in one order, so that who makes the same tops at the same time does not wait in a ring.
_KEEP = text("""
    WITH made AS (
        SELECT page_id, floor_id, (CAST(:ids AS bigint[]))[begun + 1 : begun + length] AS ids
        FROM unnest(CAST(:page_ids AS bigint[]), CAST(:floors AS bigint[]), CAST(:begins AS int[]),
                    CAST(:lengths AS int[])) AS t(page_id, floor_id, begun, length)
    ), latest AS (
        SELECT t.page_id, t.id FROM made CROSS JOIN LATERAL (
            SELECT * FROM page_tops WHERE page_id = made.page_id ORDER BY id DESC LIMIT 1
        ) AS t
        WHERE t.ids = made.ids AND t.floor_id = made.floor_id
    ), same AS (
        SELECT p.page_id, p.id FROM page_tops p JOIN latest ON p.page_id = latest.page_id AND p.id = latest.id
        ORDER BY p.page_id FOR NO KEY UPDATE OF p
    ), touched AS (
        UPDATE page_tops p SET created_at = clock_now() FROM same WHERE p.page_id = same.page_id AND p.id = same.id
    ), kept AS (
        INSERT INTO page_tops (page_id, id, floor_id, ids)
        SELECT page_id, mint_id(:shard), floor_id, ids FROM made WHERE page_id NOT IN (SELECT page_id FROM same)
        RETURNING page_id, id
    )
    SELECT page_id, id FROM same UNION ALL SELECT page_id, id FROM kept
""")


@dataclass(frozen=True, slots=True)
class Part:
    """`ids` of a top of `length`, which stand behind `position` others. Below `floor_id` (0: there is nothing) the page
    goes on by time."""

    page_id: int
    top_id: int
    position: int
    length: int
    floor_id: int
    ids: Sequence[int]

    @property
    def ends(self) -> bool:
        return self.position + len(self.ids) >= self.length


@dataclass(frozen=True, slots=True)
class _Made:
    ids: list[int]
    floor_id: int


async def current_tops(
    backend: Backend, reader: Reader, listed: str, page_ids: Collection[int], count: int
) -> dict[int, Part]:
    """The first `count` of each page's top, those that are missing or too old made. `listed` is the statement that
    gives what a page has. What is on a node that does not answer is left out, and so is a page without any post."""
    share = min(LENGTH, max(SHORTEST, RANKED_AT_ONCE // len(page_ids)))
    since = clock.now() - FRESH_FOR
    rows = await reader.by_ids(LATEST_TOPS, page_ids, count)
    found = {row["page_id"]: _part(row) for row in rows if row["created_at"] > since and _is_long(row, share)}
    if missing := page_ids - found.keys():
        made = await _made(reader, listed, missing, share)
        for page_id, top_id in (await _keep(backend, reader, made)).items():
            top = made[page_id]
            found[page_id] = Part(page_id, top_id, 0, len(top.ids), top.floor_id, top.ids[:count])
    return found


def _part(row: Any) -> Part:
    return Part(row["page_id"], row["top_id"], 0, row["length"], row["floor_id"], row["ids"])


def _is_long(row: Any, share: int) -> bool:
    return bool(row["floor_id"] == 0 or row["length"] >= share)


async def _made(reader: Reader, listed: str, page_ids: Collection[int], share: int) -> dict[int, _Made]:
    """Two statements per node."""
    asked = list(page_ids)
    posts: dict[int, list[int]] = {}
    for row in await reader.by_ids(listed, asked, asked, [MAX_ID] * len(asked), share):
        posts.setdefault(row["page_of"], []).append(row["post_id"])
    scores = await _scores(reader, {post_id for some in posts.values() for post_id in some})
    return {
        page_id: _Made(
            sorted(some, key=lambda post_id: (scores[post_id], post_id), reverse=True),
            min(some) if len(some) == share else 0,
        )
        for page_id, some in posts.items()
    }


async def _scores(reader: Reader, post_ids: Collection[int]) -> dict[int, float]:
    """Of a post whose node does not answer, as if nobody had done anything with it."""
    counted = await counts.read(reader, post_ids, _COUNTED) if post_ids else {}
    now_ms = clock.now_ms()
    return {post_id: score(_features(post_id, counted), now_ms) for post_id in post_ids}


def _features(post_id: int, counted: Mapping[tuple[int, Counter], int]) -> PostFeatures:
    likes, comments, shares, saves = (counted.get((post_id, counter), 0) for counter in _COUNTED)
    return PostFeatures(post_id, 0, "", likes=likes, comments=comments, shares=shares, saves=saves, quality=0)


def score(post: PostFeatures, now_ms: int) -> float:
    """At a moment in milliseconds since 1970."""
    hours = max(0, now_ms - posted_ms(post.id)) / _HOUR_MS
    shares = _FORMULA.weights.shares
    return shares.engagement * _FORMULA.engagement(post, hours) + shares.recency * _FORMULA.recency(hours)


async def _keep(backend: Backend, reader: Reader, made: Mapping[int, _Made]) -> dict[int, int]:
    """The id of each page's top: one transaction per logical shard, nodes beside each other."""
    by_node: dict[int, dict[int, list[int]]] = {}
    for page_id in sorted(made):
        shard = shard_of(page_id)
        by_node.setdefault(backend.shards.node_of(shard), {}).setdefault(shard, []).append(page_id)
    steps = (_keep_on_node(backend, reader, shards, made) for shards in by_node.values())
    return {page_id: top_id for kept in await asyncio.gather(*steps) for page_id, top_id in kept.items()}


async def _keep_on_node(
    backend: Backend, reader: Reader, shards: Mapping[int, list[int]], made: Mapping[int, _Made]
) -> dict[int, int]:
    kept: dict[int, int] = {}
    try:
        for shard, page_ids in shards.items():
            tops = [made[page_id] for page_id in page_ids]
            lengths = [len(top.ids) for top in tops]
            values = {
                "shard": shard,
                "page_ids": page_ids,
                "floors": [top.floor_id for top in tops],
                "begins": [sum(lengths[:number]) for number in range(len(lengths))],
                "lengths": lengths,
                "ids": [post_id for top in tops for post_id in top.ids],
            }
            async with backend.transaction(shard) as transaction:
                kept |= {row.page_id: row.id for row in await transaction.session.execute(_KEEP, values)}
    except ShardUnavailable as fault:
        reader.unavailable.add(fault.node)
    return kept
