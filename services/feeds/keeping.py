"""That Redis knows who watches, whatever it loses.

A process writes a mark into Redis every second while anybody watches in it: a number, and gets what was there. When
that is not the number before, Redis was emptied, or restarted with nothing or with something old: then all who watch
here are written down again, and look once, as nobody could wake them meanwhile. That is one command a second for a
process, however many watch.
"""

import asyncio
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator

import structlog

from core import clock
from services.backend import PUBLISH_SECONDS, Backend
from services.feeds.watching import KEPT_SECONDS, feed_channel, tried, watch
from services.live import Live

MARK_SECONDS = 1.0
REFRESH_SECONDS = 30.0
"""KEPT_SECONDS are more than two of these: one may fail."""

log = structlog.get_logger("feeds")


@contextlib.asynccontextmanager
async def watching(backend: Backend, live: Live, viewer_id: int) -> AsyncIterator[None]:
    """Within it the viewer is woken by `wake_watchers`. Where Redis does not answer, it goes on without, and the viewer
    is written down, and looks, when Redis is back."""
    key = (watching, live)
    keeper: _Keeper = backend.kept.setdefault(key, _Keeper(backend, live))
    keeper.streams[viewer_id] += 1
    try:
        await keeper.begin(viewer_id)
        yield
    finally:
        keeper.streams[viewer_id] -= 1
        keeper.streams += Counter()  # without those who have none left
        if not keeper.streams:
            del backend.kept[key]
            await keeper.end()


class _Keeper:
    """Of one process, from its first stream to its last. `streams`: how many each viewer has."""

    def __init__(self, backend: Backend, live: Live) -> None:
        self.streams: Counter[int] = Counter()
        self._backend = backend
        self._live = live
        self._key = f"watching:mark:{secrets.token_hex(8)}"
        self._marked: bytes | None = None
        self._has_marked = asyncio.Event()
        self._is_noted = True
        """Whether Redis has all of them, as far as is known."""
        self._noted_at = clock.monotonic()
        self._task: asyncio.Task[None] | None = None

    async def begin(self, viewer_id: int) -> None:
        """Behind the first mark: what is lost after that is noticed."""
        self._task = self._task or asyncio.create_task(self._keep())
        await self._has_marked.wait()
        await self._note(viewer_id)

    async def end(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _keep(self) -> None:
        while True:
            try:
                await self._look()
            except Exception:
                log.exception("watchers_not_kept")  # whatever it was, the others still want to be woken
            self._has_marked.set()
            await asyncio.sleep(min(MARK_SECONDS, REFRESH_SECONDS))

    async def _look(self) -> None:
        answers = await self._mark()
        is_lost = not self._is_noted
        if answers and (is_lost or clock.monotonic() - self._noted_at >= REFRESH_SECONDS):
            viewer_ids = list(self.streams)
            self._is_noted, self._noted_at = True, clock.monotonic()
            await self._note(*viewer_ids)
            if is_lost:
                log.warning("watchers_noted_again", count=len(viewer_ids))
                for viewer_id in viewer_ids:
                    self._live.deliver(feed_channel(viewer_id), b"")

    async def _mark(self) -> bool:
        """Whether Redis answers."""
        mark, answers = b"%d" % (int(self._marked or 0) + 1), False
        with tried("watchers_not_marked"):
            async with asyncio.timeout(PUBLISH_SECONDS):
                before = await self._backend.redis.set(self._key, mark, ex=int(KEPT_SECONDS), get=True)
            self._is_noted = self._is_noted and before == self._marked
            self._marked, answers = mark, True
        self._is_noted = self._is_noted and answers  # where none came, it may have been taken all the same
        return answers

    async def _note(self, *viewer_ids: int) -> None:
        if not await watch(self._backend, *viewer_ids):
            self._is_noted = False
