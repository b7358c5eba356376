"""Fills a timeline that a read has begun."""

import structlog

from core.errors import ShardUnavailable
from services.backend import Backend
from services.feeds import timeline
from services.feeds.sources import authors_for, latest_pushed

log = structlog.get_logger("feeds")


def begin_build(backend: Backend, viewer_id: int, token: bytes) -> None:
    """Builds beside the answer, each viewer's once at a time in this process."""
    backend.background.begin(("timeline", viewer_id), lambda: build(backend, viewer_id, token))


async def build(backend: Backend, viewer_id: int, token: bytes) -> None:
    """Reads after the timeline was begun: `timeline.py` says why it must. Where a node is out of reach it gives up.

    Raises RedisError or OSError.
    """
    reader = backend.reader()
    try:
        authors = await authors_for(reader, viewer_id)
        latest = await latest_pushed(reader, viewer_id, authors, backend.settings.timeline_length)
    except ShardUnavailable:
        latest = None
    if latest is None or reader.unavailable:
        log.warning("timeline_not_built", nodes=sorted(reader.unavailable))
        await timeline.abandon(backend, viewer_id, token)
    else:
        await timeline.finish(backend, viewer_id, token, latest.floor, latest.ids)
