"""One pass over an author's followers at a time, in a process.

Who finds a pass of the same author under way leaves the delivery to it and ends, so that a burst of one author holds
no places that others need. What the pass did not take along is handed over to the queue when it ends: the first of
those who waited leads the next pass, which takes along the others that have not begun.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import structlog

from core.errors import ShardUnavailable
from services import tries
from services.outbox import Deferred, Job

log = structlog.get_logger("feeds")


@dataclass(slots=True)
class Pass:
    """`waiting` came while it was under way; `done` are the events that it has marked DONE."""

    waiting: list[Job] = field(default_factory=list)
    done: set[int] = field(default_factory=set)


@contextlib.asynccontextmanager
async def leading(job: Job) -> AsyncIterator[Pass]:
    """Within it the job leads the pass of its author. Raises Deferred where another does."""
    running: dict[int, Pass] = job.backend.kept.setdefault(Pass, {})
    author_id = job.payload["author_id"]
    if author_id in running:
        running[author_id].waiting.append(job)
        raise Deferred
    own = running[author_id] = Pass()
    succeeded = False
    try:
        yield own
        succeeded = True
    finally:
        del running[author_id]  # from here on nobody waits for this pass
        left = [one for one in own.waiting if one.event_id not in own.done]
        if left:
            fresh = [one for one in left if one.progress is None]
            begun = [one for one in left if one.progress is not None]
            await asyncio.shield(_hand_over(begun + fresh[:1] if succeeded else left))


async def _hand_over(jobs: list[Job]) -> None:
    try:
        await tries.hand_over(jobs)
    except ShardUnavailable:  # the sweeper finds them
        log.warning("not_handed_over", jobs=len(jobs))
