"""Telling of being named in a post: tagged on a picture, or mentioned in the caption."""

from models.global_ids import NodeKind
from models.reads.notifications import NAMED_IN_POST
from models.tables import NotificationKind
from services.notifications.tell import tell
from services.outbox import Job
from services.posts.listing import pages_of
from services.seen import all_answered
from services.visibility import visible_posts
from services.visible import MediaLinks
from services.written import mentioned


async def named_notification(job: Job) -> None:
    """For POST_CREATED, and for POST_UPDATED of those who came in. Each is told once of a post, and nobody of one that
    they may not see. Raises ShardUnavailable."""
    post_id = job.payload["post_id"]
    for row in await job.backend.reader().on_shard_of(post_id, NAMED_IN_POST, post_id):
        tagged = pages_of((), None, row["media"]).user_ids
        told = dict.fromkeys(mentioned(row["entities"]), NotificationKind.MENTION)
        told |= dict.fromkeys(tagged, NotificationKind.TAG)
        came = job.payload.get("came")
        for user_id, kind in told.items():
            if user_id != row["author_id"] and (came is None or user_id in came) and await _sees(job, user_id, post_id):
                await tell(
                    job.backend,
                    user_id,
                    kind,
                    # Not the event: who is named in two changes of a post is told of the first.
                    event_id=post_id,
                    actor_id=row["author_id"],
                    subject=(NodeKind.POST, post_id),
                )


async def _sees(job: Job, user_id: int, post_id: int) -> bool:
    reader = job.backend.reader()
    seen = await visible_posts(reader, MediaLinks(job.backend.signer), user_id, [post_id])
    all_answered(reader)
    return post_id in seen
