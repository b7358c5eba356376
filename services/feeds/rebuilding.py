"""Builds timelines anew, beside all else that goes on: each is dropped, as Redis may drop it at any time, and begun and
built as a read would. Who is interrupted leaves each old, new, or missing, and can be run again."""

import asyncio
from collections.abc import Callable, Sequence

from core.errors import ShardUnavailable
from models.ids import MAX_ID
from models.reads.checking import ACTIVE_SINCE
from services.backend import Backend
from services.feeds import timeline
from services.feeds.building import build

AT_ONCE = 8


async def rebuild(backend: Backend, viewer_ids: Sequence[int], track: Callable[[int, int], None]) -> int:
    """Returns how many were built: not those whose follows or posts are on a node that does not answer, nor those to
    which something happened meanwhile that makes the build worthless. The next read builds them.

    Raises RedisError or OSError.
    """
    waiting, built = list(reversed(viewer_ids)), 0

    async def builder() -> None:
        nonlocal built
        while waiting:
            viewer_id = waiting.pop()
            await timeline.drop(backend, viewer_id)
            found = await timeline.read(backend, viewer_id, MAX_ID, 1)
            if isinstance(found, timeline.Unbuilt):
                await build(backend, viewer_id, found.token)
                found = await timeline.read(backend, viewer_id, MAX_ID, 1)
            built += isinstance(found, timeline.Stretch)
            track(len(viewer_ids) - len(waiting), len(viewer_ids))

    track(0, len(viewer_ids))
    tasks = [asyncio.create_task(builder()) for _ in range(AT_ONCE)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        # Until they are gone: one that still drops a timeline would spoil the next run.
        await asyncio.gather(*tasks, return_exceptions=True)
    return built


async def active_viewers(backend: Backend) -> list[int]:
    """Who was seen within `timeline_days`. Raises ShardUnavailable."""
    reader = backend.reader()
    rows = await reader.on_every_node(ACTIVE_SINCE, backend.settings.timeline_days)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return sorted(row["id"] for row in rows)
