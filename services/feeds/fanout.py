"""A new post goes to its author's followers, and a deleted or archived one goes from them: chunk by chunk, resumable.

A fan-out takes along all posts of its author that are still to be fanned out, and pushes them in one pass over the
followers (`passes.py`: one at a time in a process). The progress is saved behind each chunk, so a job that died goes on
with the chunk in which it died, with the posts that began at the same place; a chunk that is pushed again changes
nothing. When the pass is over, the deliveries of all its posts are DONE at once.

Whoever withdraws a post may have come by between the look whether it is LIVE and the push. So a look behind the push
tells what has to go again.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from core import clock
from core.crash import crash_point
from models.ids import shard_of
from models.reads.feeds import FAN_OUTS_TO_DO, FOLLOWERS_AFTER, LIVE_AMONG
from services import tries
from services.backend import Backend
from services.feeds import thresholds, timeline
from services.feeds.passes import leading
from services.feeds.watching import tell_of_post, wake_watchers
from services.outbox import Deferred, Job, Unfinished

TURN_SECONDS = 1.0
"""A job that has worked for this long lets others have a turn."""
ALONG = 500
"""Posts of one pass at most."""
LOOKED_THROUGH = 2_000
"""Deliveries of a shard among which those of one author are looked for."""

Tell = Callable[[list[int], list[int]], Awaitable[None]]


async def push_own(backend: Backend, author_id: int, *post_ids: int) -> None:
    """Shows new posts to their author. Raises RedisError or OSError."""
    await timeline.push(backend, [author_id], *post_ids)


async def fan_out_post(job: Job) -> None:
    """Puts a post, and others of its author, into the timelines of the author and of the active followers, if they
    still are there and not pulled.

    Raises ShardUnavailable, RedisError or OSError; Unfinished where there is more to do; Deferred where another job
    has taken the post along.
    """
    backend, author_id = job.backend, job.payload["author_id"]
    unproved: deque[tuple[list[int], list[int]]] = deque()

    async def push(viewer_ids: list[int], live: list[int]) -> None:
        if len(unproved) > 1:  # this page was read behind the push before the last one
            await _prove(backend, *unproved.popleft(), live)
        if live and viewer_ids:
            await timeline.push(backend, viewer_ids, *live)
            unproved.append((viewer_ids, live))
            await wake_watchers(backend, viewer_ids)

    async with leading(job) as own:
        progress = job.progress or await _begun(job)
        own_post, own_event = job.payload["post_id"], job.event_id
        try:
            await _to_followers(job, progress, progress.get("posts", [own_post]), push)
        finally:
            if unproved:
                live = await _live(backend, author_id, [post for _, posts in unproved for post in posts])
                for chunk in unproved:
                    await _prove(backend, *chunk, live)
        crash_point("fanout.before_done")
        events = progress.get("events", [own_event])
        await tries.finish_along(job, events)
        own.done.update(events)


async def _begun(job: Job) -> dict[str, Any]:
    """Where a pass begins: with which posts, of which events. Raises Deferred where a pass that goes on elsewhere, or
    later, has this one among its own."""
    author_id, event_id, backend = job.payload["author_id"], job.event_id, job.backend
    found = await backend.reader().on_shard_of(
        author_id, FAN_OUTS_TO_DO, shard_of(author_id), author_id, LOOKED_THROUGH, ALONG
    )
    others = [row for row in found if row["id"] != event_id]
    elsewhere = {event for row in others if row["progress"] for event in row["progress"].get("events", [])}
    if event_id in elsewhere:
        raise Deferred
    along = [row for row in others if not row["progress"] and row["id"] not in elsewhere]
    post_ids = sorted({job.payload["post_id"], *(row["post_id"] for row in along)})
    pushed = await thresholds.review(backend, author_id, post_ids)
    crash_point("fanout.after_review")
    await push_own(backend, author_id, *post_ids)
    await _prove(backend, [author_id], post_ids, await _live(backend, author_id, post_ids))
    await wake_watchers(backend, [author_id])
    await tell_of_post(backend, author_id)
    return {"after": 0, "served": 0, "posts": pushed, "events": sorted({event_id, *(row["id"] for row in along)})}


async def withdraw_post(job: Job) -> None:
    """For POST_DELETED and POST_ARCHIVED: takes a post out of the timelines into which it was pushed. Raises as
    `fan_out_post`, but never Deferred.

    One that was archived may be back. So whoever has taken it out asks the truth, and puts it in again where it says
    so; if it comes back later than that, its fan-out begins later too.
    """
    author_id, post_id = job.payload["author_id"], job.payload["post_id"]

    async def take_out(viewer_ids: list[int], _: list[int]) -> None:
        await _prove(job.backend, viewer_ids, [post_id], [])

    if job.progress is None:
        await take_out([author_id], [])
        if not await thresholds.pushed_of(job.backend, author_id, [post_id]):
            return
    await _to_followers(job, job.progress or {"after": 0, "served": 0}, None, take_out)


async def _prove(backend: Backend, viewer_ids: list[int], post_ids: Sequence[int], live: Sequence[int]) -> None:
    """Takes out those of an author's posts that are not LIVE, and puts those in again that are by now."""
    gone = sorted(set(post_ids).difference(live))
    if gone and viewer_ids:
        await timeline.take_out(backend, viewer_ids, gone)
        back = await _live(backend, gone[0], gone)
        if back:
            await timeline.push(backend, viewer_ids, *back)


async def _live(backend: Backend, author_id: int, post_ids: Sequence[int]) -> list[int]:
    """Those of an author's posts that are LIVE at this moment. `author_id` may be any id of the author's shard."""
    rows = await backend.reader().on_shard_of(author_id, LIVE_AMONG, post_ids)
    return [row["id"] for row in rows]


async def _to_followers(job: Job, progress: dict[str, Any], post_ids: Sequence[int] | None, tell: Tell) -> None:
    """Calls `tell` for each page of the author's followers from where the progress stands, with those of the posts that
    are LIVE; not where none of them is. The next page is read meanwhile.

    The progress is {"after": the last follower served, "served": how many so far}, and whatever else is in it.
    """
    if post_ids is not None and not post_ids:
        return
    chunk, began = job.backend.settings.fanout_chunk, clock.monotonic()
    reading = asyncio.create_task(_page(job, progress["after"], chunk, post_ids or []))
    try:
        while True:
            followers, live = await reading
            if post_ids and not live:
                return
            if len(followers) == chunk:
                reading = asyncio.create_task(_page(job, followers[-1], chunk, post_ids or []))
            await tell(followers, live)
            if len(followers) < chunk:
                return
            progress = {**progress, "after": followers[-1], "served": progress["served"] + len(followers)}
            crash_point("fanout.before_progress")
            await job.save_progress(progress)
            crash_point("fanout.after_chunk")
            if clock.monotonic() - began > TURN_SECONDS:
                raise Unfinished
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


async def _page(job: Job, after: int, chunk: int, post_ids: Sequence[int]) -> tuple[list[int], list[int]]:
    """Followers above `after`, and those of the posts that are LIVE."""
    author_id = job.payload["author_id"]
    [row] = await job.backend.reader().on_shard_of(author_id, FOLLOWERS_AFTER, author_id, after, chunk, post_ids)
    return row["followers"], row["live"]
