"""What is trending: the newest posts that everybody may see, the best first. The same for all viewers, so that each
process reads it now and then, and not for each page. It may be late by POOL_SECONDS: what is shown of it is asked of
visibility anew."""

import asyncio
from dataclasses import dataclass, field
from enum import Enum

from core import clock
from models.ids import floor_of
from models.reads.explore import NEWEST_POSTS, NEWEST_REELS
from models.reads.reader import Reader
from services.backend import Backend
from services.feeds.ranking.formula import Formula
from services.feeds.ranking.scorer import PostFeatures, ViewerFeatures

POOL_SECONDS = 30
POOL_DAYS = 7
LOOKED_AT = 4
"""So many times what the pool takes of a node is looked at there: many may be private or gone."""
POOL_LENGTH = 1_000
"""The most that the pool holds, of all nodes together."""


class Pool(Enum):
    """Its value is the statement that reads it."""

    POSTS = NEWEST_POSTS
    REELS = NEWEST_REELS


@dataclass(slots=True)
class KeptPool:
    """`posts`: with the counts of that moment, the best first. `read_at` is of the monotonic clock."""

    posts: list[PostFeatures] = field(default_factory=list)
    read_at: float | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_fresh(self) -> bool:
        return self.read_at is not None and clock.monotonic() - self.read_at < POOL_SECONDS


async def trending(backend: Backend, reader: Reader, pool: Pool) -> list[PostFeatures]:
    """The pool, read with one statement per node where it is not kept. One reads it at a time, and the others wait.
    What was read while a node was out of reach is not kept."""
    kept: KeptPool = backend.kept.setdefault(pool, KeptPool())
    if kept.is_fresh():
        return kept.posts
    async with kept.lock:
        if kept.is_fresh():
            return kept.posts
        before = set(reader.unavailable)
        posts = await _read(backend, reader, pool)
        if reader.unavailable == before:
            kept.posts, kept.read_at = posts, clock.monotonic()
        return posts


async def _read(backend: Backend, reader: Reader, pool: Pool) -> list[PostFeatures]:
    now, length = clock.now_ms(), backend.settings.explore_pool
    since = floor_of(now - POOL_DAYS * 86_400_000)
    rows = await reader.on_every_node(pool.value, since, LOOKED_AT * length, length)
    posts = [PostFeatures(quality=0.0, **row) for row in rows]
    scores = Formula()(posts, ViewerFeatures(), now)
    ranked = sorted(zip(scores, posts, strict=True), key=lambda one: (-one[0], -one[1].id))
    return [post for _, post in ranked[:POOL_LENGTH]]
