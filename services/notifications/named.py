"""Telling of being named in a post: tagged on a picture, or mentioned in the caption."""

import asyncio

from models.global_ids import NodeKind
from models.reads.notifications import NAMED_IN_POST
from models.tables import NotificationKind
from services.notifications.sight import sees
from services.notifications.tell import tell
from services.outbox import Job
from services.posts.listing import pages_of
from services.written import mentioned

AT_ONCE = 10
"""There can be 420 people to tell, and the job has seconds."""


async def named_notification(job: Job) -> None:
    """For POST_CREATED, and for POST_UPDATED of those who came in. Each is told once of a post, and nobody of one that
    they may not see. Raises ShardUnavailable."""
    post_id, came = job.payload["post_id"], job.payload.get("came")
    for row in await job.backend.reader().on_shard_of(post_id, NAMED_IN_POST, post_id):
        told = dict.fromkeys(mentioned(row["entities"]), NotificationKind.MENTION)
        told |= dict.fromkeys(pages_of((), None, row["media"]).user_ids, NotificationKind.TAG)
        left = [
            (user_id, kind)
            for user_id, kind in told.items()
            if user_id != row["author_id"] and (came is None or user_id in came)
        ]
        for start in range(0, len(left), AT_ONCE):
            some = left[start : start + AT_ONCE]
            await asyncio.gather(*(_tell(job, row["author_id"], post_id, user_id, kind) for user_id, kind in some))


async def _tell(job: Job, author_id: int, post_id: int, user_id: int, kind: NotificationKind) -> None:
    subject = (NodeKind.POST, post_id)
    if await sees(job.backend, user_id, actor_id=author_id, subject=subject):
        # Not the event's id: who is named in two changes of a post is told of the first.
        await tell(job.backend, user_id, kind, event_id=post_id, actor_id=author_id, subject=subject)
