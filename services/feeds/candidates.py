"""The skeleton of a home feed: ids of posts, newest first, from the timeline and below its floor from PostgreSQL."""

import asyncio

import structlog
from redis.exceptions import RedisError

from models.reads.reader import Reader
from services.backend import Backend
from services.feeds import timeline
from services.feeds.building import begin_build
from services.feeds.sources import authors_for, latest_posts

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
        self._stored_only = False
        self.below = below
        self.ended = below <= 1

    async def next(self, count: int) -> list[int]:
        """The next ids down, at most `count`; fewer, and `ended`, at the beginning of time. Raises ShardUnavailable."""
        ids: list[int] = [] if self._stored_only else await self._from_timeline(count)
        if len(ids) < count and not self.ended:
            ids += await self._from_store(count - len(ids))
        return ids

    async def _from_timeline(self, count: int) -> list[int]:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                found = await timeline.read(self._backend, self._viewer_id, self.below, count)
        except (RedisError, OSError) as fault:
            log.warning("timeline_out_of_reach", fault=repr(fault))
            self._stored_only = True
            return []
        if isinstance(found, timeline.Unbuilt):
            begin_build(self._backend, self._viewer_id, found.token)
            self._stored_only = True
            return []
        if len(found.ids) < count:
            self._stored_only = True
            self.ended = found.floor == 0
        if found.ids:
            self.below = found.ids[-1]
        return found.ids

    async def _from_store(self, count: int) -> list[int]:
        if self._authors is None:
            self._authors = await authors_for(self._reader, self._viewer_id)
        latest = await latest_posts(self._reader, self._authors, self.below, count)
        self.ended = latest.floor == 0
        if latest.ids:
            self.below = latest.ids[-1]
        return latest.ids
