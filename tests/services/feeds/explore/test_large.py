"""Explore and reels over 200,000 posts: what each statement looks at is bounded, and found by an index."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Any

import asyncpg
import orjson
import pytest
from sqlalchemy import text

from core import clock
from models.ids import TIME_SHIFT, floor_of, shard_of
from models.reads.explore import (
    LATEST_OF_HASHTAGS,
    LATEST_REELS_OF,
    LIKED_LATELY,
    NEWEST_POSTS,
    NEWEST_REELS,
    WAYS_FROM_POSTS,
)
from services.feeds.explore.leads import LATELY, LIKERS, LISTED
from services.feeds.explore.pool import LOOKED_AT
from services.feeds.reels import OF_AUTHOR, OF_AUTHORS
from tests.services.feeds.explore.fair import Fair

POSTS = 200_000
PEOPLE = 3_200
LARGE = {"posts", "counts", "likes", "likes_given", "hashtag_posts"}

# Of each shard so many posts in the last ten days, by people of the shard in turn; each 50th is a reel, each 8th under
# a hashtag of the shard, and what the numbers 0, 7, 14… of the posts are is liked by people of the shard.
FILL = """
    INSERT INTO users (id, username, is_private)
    SELECT {floor} + (n::bigint << 23), 'u{shard}_' || n, n % 5 = 0 FROM generate_series(1, {people}) AS n;
    INSERT INTO posts (id, author_id, kind, media, hashtags)
    SELECT {since} + ((n * {step}::bigint) << 23) + {low}, {floor} + ((n % {people} + 1)::bigint << 23),
           CASE WHEN n % 49 = 0 THEN 'REEL' ELSE 'PHOTO' END, '[]',
           CASE WHEN n % 8 = 0 THEN '[{{"id": {floor}, "name": "h"}}]'::jsonb ELSE '[]'::jsonb END
    FROM generate_series(1, {posts}) AS n;
    INSERT INTO counts SELECT id, 4, 20 FROM posts WHERE shard_of(id) = {shard};
    INSERT INTO hashtag_posts SELECT {floor}, id, 'LISTED', NULL, 1, clock_now() FROM posts
    WHERE shard_of(id) = {shard} AND hashtags <> '[]';
    INSERT INTO likes (subject_id, user_id, state, version, since)
    SELECT p.id, {floor} + (u::bigint << 23), 'LIKED', 1, clock_now() FROM posts p, generate_series(1, {people}) u
    WHERE shard_of(p.id) = {shard} AND (p.id >> 23) % 7 = 0;
    INSERT INTO likes_given (user_id, subject_id, state, version, since)
    SELECT user_id, subject_id, state, 1, since FROM likes WHERE shard_of(subject_id) = {shard}
"""


async def filled(fair: Fair) -> None:
    shards, now = fair.backend.shards.logical_shards, clock.now_ms()
    posts, people, days = POSTS // shards, PEOPLE // shards, 10 * 86_400_000
    for shard in range(shards):
        values = {
            "shard": shard,
            "low": shard << 10,
            "floor": 1 << TIME_SHIFT | shard << 10,
            "since": floor_of(now - days),
            "step": days // posts - 2,
            "posts": posts,
            "people": people,
        }
        async with fair.backend.transaction(shard) as transaction:
            for sql in FILL.format(**values).split(";"):
                await transaction.session.execute(text(sql.replace(":", "\\:").replace("\\:\\:", "::")))
    for url in fair.backend.settings.database_urls:
        connection = await asyncpg.connect(url)
        await connection.execute("ANALYZE")
        await connection.close()


def nodes_of(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for one in plan.get("Plans", ()):
        yield from nodes_of(one)


async def explained(fair: Fair, node: int, sql: str, *arguments: Any) -> tuple[float, int]:
    """Milliseconds, and how many rows it read from tables. Fails for a large one that is read from end to end."""
    [row] = await fair.backend.reader().on_node(node, f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", *arguments)
    [plan] = orjson.loads(row[0])
    scans = [one for one in nodes_of(plan["Plan"]) if "Relation Name" in one]
    assert not {one["Relation Name"] for one in scans if one["Node Type"] == "Seq Scan"} & LARGE, plan
    return plan["Execution Time"], sum(int(one["Actual Rows"] * one["Actual Loops"]) for one in scans)


@dataclass(frozen=True)
class Looking:
    """What a viewer likes and follows, and who likes it."""

    viewer: int
    liked: list[int]
    people: list[int]
    tags: list[int]


async def looking(fair: Fair) -> Looking:
    reader, viewer = fair.backend.reader(), await fair.someone()

    async def some(sql: str) -> list[int]:
        return [row["id"] for row in await reader.on_every_node(sql)]

    liked = await some("SELECT id FROM posts WHERE (id >> 23) % 7 = 0 ORDER BY id DESC LIMIT 25")
    people = await some("SELECT id FROM users WHERE NOT is_private ORDER BY id DESC LIMIT 100")
    tags = await some("SELECT DISTINCT hashtag_id AS id FROM hashtag_posts ORDER BY 1 LIMIT 10")
    for post in liked:
        await fair.like(viewer, post)
    for person in people[:50]:
        await fair.follow(viewer, person)
    for tag in tags:
        await fair.follow_tag(viewer, tag)
    return Looking(viewer, liked, people, tags)


async def ms_of(fair: Fair, feed: str, viewer: int, *, is_later: bool = False, keeps_pool: bool = True) -> float:
    """Of a page of 20: the median of nine."""
    spent = []
    for _ in range(9):
        after = (await fair.page(feed, viewer)).page_info.end_cursor if is_later else None
        if not keeps_pool:
            fair.backend.kept.clear()
        began = clock.monotonic()
        page = await fair.page(feed, viewer, after=after)
        spent.append((clock.monotonic() - began) * 1000)
        assert len(page.edges) == 20
    return median(spent)


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_pages_over_200000_posts(fair: Fair) -> None:
    await filled(fair)
    one = await looking(fair)
    node = fair.backend.shards.node_of(shard_of(one.viewer))
    length, since = fair.backend.settings.explore_pool, floor_of(clock.now_ms() - 7 * 86_400_000)

    def here(ids: list[int]) -> list[int]:
        return fair.backend.shards.by_node(ids)[node]

    bounds: dict[str, tuple[tuple[Any, ...], int]] = {
        "pool": ((NEWEST_POSTS, since, LOOKED_AT * length, length), 4 * LOOKED_AT * length),
        "pool of reels": ((NEWEST_REELS, since, LOOKED_AT * length, length), 4 * LOOKED_AT * length),
        "ways": ((WAYS_FROM_POSTS, here(one.liked), LIKERS), 25 * (LIKERS + 1)),
        "liked lately": ((LIKED_LATELY, here(one.people), one.viewer, LATELY), 100 * (LATELY + 2)),
        "hashtags": ((LATEST_OF_HASHTAGS, here(one.tags), LISTED), 10 * LISTED),
        "reels of authors": ((LATEST_REELS_OF, here(one.people), OF_AUTHOR, OF_AUTHORS), 100 * OF_AUTHOR),
    }
    for name, (asked, bound) in bounds.items():
        ms, rows = await explained(fair, node, *asked)
        print(f"{name}: {ms:.1f} ms, {rows} rows")  # noqa: T201  a drill is run for its figures
        assert 0 < rows <= bound, name
    for feed in ("explore", "reels"):
        first = await ms_of(fair, feed, one.viewer, keeps_pool=False)
        kept, later = await ms_of(fair, feed, one.viewer), await ms_of(fair, feed, one.viewer, is_later=True)
        print(f"{feed}: first page {first:.0f} ms with the pool, {kept:.0f} without; a later one {later:.0f}")  # noqa: T201
