"""The stream of new posts in a viewer's home feed, gone on with by cursor: PostgreSQL is the truth, a wake-up only says
"look". It reads from horizon to horizon (`services/horizon.py`), in the order of ids, so it passes nothing over."""

import math
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

import structlog

from core import clock
from core.errors import ShardUnavailable
from models.ids import MAX_ID
from models.reads.reader import Reader
from services.backend import Backend
from services.feeds.arriving import MOST, followed_by, ids_between, shown_of
from services.feeds.keeping import watching
from services.feeds.pulled import pulled_authors
from services.feeds.watching import feed_channel, posts_channel
from services.horizon import common_horizon
from services.live import Live
from services.streams import Stream, cursor_in, foreign_cursor, position_in, wakes
from services.visible import MediaLinks, VisiblePost

log = structlog.get_logger("feeds")
LOOK_SECONDS = 15.0
HURRY_SECONDS = 0.05
UNHURRIED_SECONDS = 1.0
"""After a wake-up, until the horizon has come up to it: at first the one, then twice as long each time, up to the
other."""
HELD_SECONDS = 30.0
"""Of a horizon that is held for longer (by a node that does not answer) only the slow looks wait for the end."""
BACKLOG = 100
"""More than this at once are counted instead of sent."""


@dataclass(slots=True, eq=False)
class FeedArrival:
    """`post` is None for many at once. `cursor` is where the stream stands behind it, `new_post_count` how many came
    since it began, or since the cursor that it went on from."""

    cursor: str
    new_post_count: int
    post: VisiblePost | None


async def home_feed_stream(
    backend: Backend,
    live: Live,
    links: MediaLinks,
    viewer_id: int,
    after: str | None,
    *,
    look_seconds: float = LOOK_SECONDS,
) -> AsyncGenerator[FeedArrival, None]:
    """What came into the feed after the cursor, in the order of ids, then what comes; without one, what comes from now
    on. Never ends.

    Holds no connection while it waits. Where a node does not answer, it waits and goes on. Raises RequestFault
    (BAD_REQUEST), and ShardUnavailable at the very beginning.
    """
    walk = _Walk(backend, links, viewer_id, await _begin(backend, viewer_id, after))
    async with watching(backend, live, viewer_id):
        while True:
            channels = walk.channels
            was_woken = True  # by what was said before it listened
            async with live.subscribe(*channels) as woken:
                while walk.channels == channels:
                    for arrival in await walk.look(was_woken=was_woken):
                        yield arrival
                    if walk.channels == channels:
                        was_woken = await wakes(woken, min(walk.patience(), look_seconds))


async def _begin(backend: Backend, viewer_id: int, after: str | None) -> int:
    """The id behind which it goes on. One that was never given out is refused: it would wait for long."""
    horizon = await common_horizon(backend.reader())
    if after is None:
        return horizon.id - 1
    position = position_in(Stream.HOME_FEED, viewer_id, after)
    if position >= horizon.present:
        raise foreign_cursor(Stream.HOME_FEED)
    return position


class _Walk:
    """Where the stream stands. `_has_come_up`: whether it stands behind all that there was at the last wake-up."""

    def __init__(self, backend: Backend, links: MediaLinks, viewer_id: int, position: int) -> None:
        self._backend = backend
        self._links = links
        self._viewer_id = viewer_id
        self._position = position
        self._count = 0
        self._awaited: int | None = None  # not known yet: a wake-up came, and no horizon since
        self._woken_at = clock.monotonic()
        self._has_come_up = False
        self.channels = frozenset([feed_channel(viewer_id)])

    async def look(self, *, was_woken: bool) -> list[FeedArrival]:
        """What has come, and the position is behind it."""
        self._has_come_up = False
        if was_woken:
            self._woken_at, self._awaited = clock.monotonic(), None
        reader = self._backend.reader()
        try:
            horizon = await common_horizon(reader)
            self._awaited = self._awaited or horizon.present
            arrivals = await self._up_to(reader, horizon.id) if horizon.id > self._position + 1 else []
        except ShardUnavailable:
            arrivals = []
        if reader.unavailable:
            log.warning("home_feed_stream_waits", viewer_id=self._viewer_id, nodes=sorted(reader.unavailable))
        else:
            self._position = max(self._position, horizon.id - 1)
            self._has_come_up = self._awaited is not None and horizon.id >= self._awaited
        return arrivals

    def patience(self) -> float:
        """At most so many seconds until the next look: as many again as it has waited for the horizon."""
        waited = clock.monotonic() - self._woken_at
        if self._has_come_up or waited > HELD_SECONDS:
            return math.inf
        return min(max(waited, HURRY_SECONDS), UNHURRIED_SECONDS)

    async def _up_to(self, reader: Reader, horizon: int) -> list[FeedArrival]:
        """Raises ShardUnavailable."""
        followed = await followed_by(reader, self._viewer_id)
        await self._listen_to(followed.authors)
        ids = await ids_between(reader, followed, self._position, horizon)
        shown = await shown_of(reader, self._links, self._viewer_id, followed, ids) if ids else []
        if len(shown) <= BACKLOG and len(ids) < MOST:
            return [self._arrival(post.id, 1, post) for post in shown]
        return [self._arrival(horizon - 1, len(shown), None)] if shown and not reader.unavailable else []

    def _arrival(self, position: int, count: int, post: VisiblePost | None) -> FeedArrival:
        self._position = position
        self._count += count
        return FeedArrival(cursor_in(Stream.HOME_FEED, self._viewer_id, position), self._count, post)

    async def _listen_to(self, author_ids: Iterable[int]) -> None:
        """To those whose posts are pushed to nobody."""
        pulled = (await pulled_authors(self._backend)).intervals
        present = (one for one in author_ids if one in pulled and pulled[one][-1].until_id == MAX_ID)
        self.channels = frozenset([feed_channel(self._viewer_id), *map(posts_channel, present)])
