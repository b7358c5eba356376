"""A new post goes to its author's followers, and a deleted or archived one goes from them: chunk by chunk, resumable.

The progress is saved behind each chunk, so a job that died goes on with the chunk in which it died; a chunk that is
pushed again changes nothing.
"""

from collections.abc import Awaitable, Callable

from core import clock
from core.crash import crash_point
from models.reads.feeds import FOLLOWERS_AFTER, FOLLOWERS_OF_POST_AFTER, POST_IS_LIVE
from services.backend import Backend
from services.feeds import timeline
from services.outbox import Job, Unfinished

TURN_SECONDS = 5.0
"""A job that has worked for this long lets others have a turn."""


async def push_own(backend: Backend, author_id: int, post_id: int) -> None:
    """Shows a new post to its author. Raises RedisError or OSError."""
    await timeline.push(backend, [author_id], post_id)


async def fan_out_post(job: Job) -> None:
    """Puts a post into the timelines of its author and of the active followers, if it still is there.

    Raises ShardUnavailable, RedisError or OSError; Unfinished where there is more to do.
    """
    author_id, post_id = job.payload["author_id"], job.payload["post_id"]

    async def push(viewer_ids: list[int]) -> None:
        await timeline.push(job.backend, viewer_ids, post_id)

    if job.progress is None:
        await push_own(job.backend, author_id, post_id)
    await _to_followers(job, FOLLOWERS_OF_POST_AFTER, (post_id,), push)


async def withdraw_post(job: Job) -> None:
    """For POST_DELETED and POST_ARCHIVED: takes a post out of the same timelines. Raises as `fan_out_post`.

    One that was archived may be back. So whoever has taken it out asks the truth, and puts it in again where it says
    so; if it comes back later than that, its fan-out begins later too.
    """
    author_id, post_id = job.payload["author_id"], job.payload["post_id"]

    async def take_out(viewer_ids: list[int]) -> None:
        await timeline.take_out(job.backend, viewer_ids, [post_id])
        for row in await job.backend.reader().on_shard_of(post_id, POST_IS_LIVE, post_id):
            if row["is_live"]:
                await timeline.push(job.backend, viewer_ids, post_id)

    if job.progress is None:
        await take_out([author_id])
    await _to_followers(job, FOLLOWERS_AFTER, (), take_out)


async def _to_followers(
    job: Job, page_sql: str, arguments: tuple[int, ...], tell: Callable[[list[int]], Awaitable[None]]
) -> None:
    """Calls `tell` for each page of the author's followers from where the job's progress stands.

    The progress is {"after": the last follower served, "served": how many so far}.
    """
    author_id, chunk = job.payload["author_id"], job.backend.settings.fanout_chunk
    progress = job.progress or {"after": 0, "served": 0}
    began = clock.monotonic()
    while True:
        reader = job.backend.reader()
        rows = await reader.on_shard_of(author_id, page_sql, author_id, progress["after"], chunk, *arguments)
        followers = [row["follower_id"] for row in rows]
        await tell(followers)
        if len(followers) < chunk:
            return
        progress = {"after": followers[-1], "served": progress["served"] + len(followers)}
        crash_point("fanout.before_progress")
        await job.save_progress(progress)
        crash_point("fanout.after_chunk")
        if clock.monotonic() - began > TURN_SECONDS:
            raise Unfinished
