"""Holds timelines against the truth: what is missing in them, and what is there and must not be.

Above its floor a timeline must have every live post of those whom its viewer follows that is pushed (`pulled.py`), and
every one of the viewer's own; it may have those of an interval's grace; and nothing else. It is done beside all else
that goes on: what a job has still to put in or take out is told apart, and what differs is looked at again.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from services.backend import Backend
from services.feeds import timeline
from services.feeds.truth import Truth, truth

CHUNK = 500
"""Timelines that are held against the truth at once."""
LOOKS = 3
LOOK_AGAIN_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Difference:
    """Between a viewer's timeline and the truth: ids, ascending."""

    viewer_id: int
    missing: tuple[int, ...]
    surplus: tuple[int, ...]


@dataclass(slots=True)
class Report:
    """`moving`: differences that jobs which are not done will settle. `unready`: timelines that are gone by now, being
    built, or of an earlier life of Redis, of which nothing can be said."""

    checked: int = 0
    unready: int = 0
    differences: list[Difference] = field(default_factory=list)
    moving: list[Difference] = field(default_factory=list)


async def check(
    backend: Backend,
    viewer_ids: Sequence[int] | None = None,
    track: Callable[[int, int], None] = lambda _done, _all: None,
) -> Report:
    """Of these viewers, or of all who have a timeline. `track` is told how many are done, of how many.

    Raises ShardUnavailable, RedisError or OSError.
    """
    wanted = await timeline.viewers(backend) if viewer_ids is None else list(viewer_ids)
    report = await _look(backend, wanted, track)
    for _ in range(LOOKS - 1):
        if not report.differences:
            break
        await asyncio.sleep(LOOK_AGAIN_SECONDS)
        again = await _look(backend, [one.viewer_id for one in report.differences], lambda _done, _all: None)
        report.differences = _both(report.differences, again.differences)
        report.moving += again.moving
    return report


async def _look(backend: Backend, viewer_ids: Sequence[int], track: Callable[[int, int], None]) -> Report:
    report, known = Report(), await truth(backend.reader())
    for start in range(0, len(viewer_ids), CHUNK):
        track(start, len(viewer_ids))
        await _look_at(backend, known, viewer_ids[start : start + CHUNK], report)
    track(len(viewer_ids), len(viewer_ids))
    return report


async def _look_at(backend: Backend, known: Truth, viewer_ids: Sequence[int], report: Report) -> None:
    found = await timeline.wholes(backend, viewer_ids)
    report.checked += len(found)
    report.unready += len(viewer_ids) - len(found)
    followed = await known.followed(list(found))
    floors: dict[int, int] = {}
    for viewer_id, whole in found.items():
        for author in (viewer_id, *followed[viewer_id], *known.turning.get(viewer_id, ())):
            floors[author] = min(floors.get(author, whole.floor), whole.floor)
    await known.learn(floors)
    for viewer_id, whole in found.items():
        must, may = known.wanted(viewer_id, followed[viewer_id], whole.floor)
        held = {post_id for post_id in whole.ids if post_id < known.horizon}
        missing, surplus = must - held, held - must - may
        if missing or surplus:
            moving = known.moves(viewer_id, missing | surplus)
            _put(report.moving, viewer_id, missing & moving, surplus & moving)
            _put(report.differences, viewer_id, missing - moving, surplus - moving)


def _put(where: list[Difference], viewer_id: int, missing: set[int], surplus: set[int]) -> None:
    if missing or surplus:
        where.append(Difference(viewer_id, tuple(sorted(missing)), tuple(sorted(surplus))))


def _both(before: Sequence[Difference], now: Sequence[Difference]) -> list[Difference]:
    """What two looks have found."""
    present = {one.viewer_id: one for one in now}
    stayed: list[Difference] = []
    for one in before:
        if (same := present.get(one.viewer_id)) is not None:
            missing, surplus = set(one.missing) & set(same.missing), set(one.surplus) & set(same.surplus)
            _put(stayed, one.viewer_id, missing, surplus)
    return stayed
