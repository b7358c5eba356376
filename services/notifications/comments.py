"""Telling of comments: the post's author, and of a reply the author of what it answers."""

from models.global_ids import NodeKind
from models.reads.notifications import LIVE_COMMENT
from models.tables import NotificationKind
from services.notifications.tell import tell
from services.outbox import Job


async def comment_notification(job: Job) -> None:
    """For COMMENT_ADDED. Nobody is told twice of one comment, nor of one that is deleted by now.

    Raises ShardUnavailable.
    """
    comment_id = job.payload["comment_id"]
    for row in await job.backend.reader().on_shard_of(comment_id, LIVE_COMMENT, comment_id):
        # The reply first: where both have one author, the nearer one is told of, as an event is told once.
        told = []
        if row["parent_id"] is not None:
            told.append((row["parent_author_id"], NotificationKind.REPLY, (NodeKind.COMMENT, row["parent_id"])))
        told.append((row["post_author_id"], NotificationKind.COMMENT, (NodeKind.POST, row["post_id"])))
        for recipient_id, kind, subject in told:
            await tell(
                job.backend,
                recipient_id,
                kind,
                event_id=job.event_id,
                actor_id=row["author_id"],
                subject=subject,
                version=comment_id,
            )
