"""The skeleton of a home feed: ids of posts, newest first, each once.

Above the floor of the viewer's timeline they are what is in it, what is pulled (`pulled.py`), and what stands on the
pages of followed hashtags; below it PostgreSQL gives all of them. Each of these is complete down to some id, so what
they give together is complete down to the highest of these ids, and is cut off there.
"""

import asyncio

import structlog
from redis.exceptions import RedisError

from core.errors import ShardUnavailable
from models.reads.reader import Reader
from services.backend import Backend
from services.feeds import timeline
from services.feeds.building import begin_build
from services.feeds.pulled import Pulled, pulled_authors
from services.feeds.sources import HomeSources, authors_for, home_sources, latest_posts, latest_pulled

PATIENCE_SECONDS = 1.0
"""How long a page waits for Redis before PostgreSQL answers instead."""

log = structlog.get_logger("feeds")


class Candidates:
    """Walks down a viewer's feed, for one page."""

    def __init__(self, backend: Backend, reader: Reader, viewer_id: int, below: int) -> None:
        self._backend = backend
        self._reader = reader
        self._viewer_id = viewer_id
        self._authors: list[int] | None = None
        self._pulled: Pulled | None = None
        self._sources = HomeSources()
        self._stored_only = False
        self.below = below
        self.ended = below <= 1

    @property
    def hashtag_ids(self) -> frozenset[int]:
        """Those that the viewer follows, known from the first `next` on."""
        return self._sources.hashtag_ids

    async def next(self, count: int) -> list[int]:
        """The next ids down, at most `count`; fewer, and `ended`, at the beginning of time. Raises ShardUnavailable."""
        ids: list[int] = [] if self._stored_only else await self._from_timeline(count)
        if len(ids) < count and not self.ended:
            ids += await self._from_store(count - len(ids))
        return ids

    async def _from_timeline(self, count: int) -> list[int]:
        if self._pulled is None:
            self._pulled = await pulled_authors(self._backend)
            found, _ = await asyncio.gather(self._read(count), self._read_sources(self._pulled))
        else:
            found = await self._read(count)
        if found is None or not self._pulled.is_current():
            self._stored_only = True
            return []
        pulled = await latest_pulled(self._reader, self._sources, self.below, count)
        floor = max(_complete_above(found, count, self.below), pulled.floor)
        ids = sorted({post_id for post_id in (*found.ids, *pulled.ids) if post_id > floor}, reverse=True)[:count]
        if len(ids) < count:
            self._stored_only = True
            self.ended = found.floor == 0
        if ids:
            self.below = ids[-1]
        return ids

    async def _read(self, count: int) -> timeline.Stretch | None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await timeline.read(self._backend, self._viewer_id, self.below, count)
        except (RedisError, OSError) as fault:
            log.warning("timeline_out_of_reach", fault=repr(fault))
            return None
        if isinstance(found, timeline.Unbuilt):
            begin_build(self._backend, self._viewer_id, found.token)
            return None
        return found

    async def _read_sources(self, pulled: Pulled) -> None:
        """Where the viewer's shard is out of reach, which the answer tells, a timeline is shown without them."""
        try:
            self._sources = await home_sources(self._reader, self._viewer_id, pulled)
        except ShardUnavailable:
            log.warning("home_sources_out_of_reach", nodes=sorted(self._reader.unavailable))

    async def _from_store(self, count: int) -> list[int]:
        if self._authors is None:
            self._authors = await authors_for(self._reader, self._viewer_id)
        latest = await latest_posts(self._reader, self._authors, self.hashtag_ids, self.below, count)
        self.ended = latest.floor == 0
        if latest.ids:
            self.below = latest.ids[-1]
        return latest.ids


def _complete_above(found: timeline.Stretch, count: int, below: int) -> int:
    """Above which id a piece of a timeline of at most `count` ids, from `below` down, has all that was pushed."""
    if len(found.ids) == count:
        return found.ids[-1] - 1
    return below - 1 if found.floor is None else found.floor
