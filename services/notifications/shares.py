"""Telling of posts that were shared with somebody."""

from models.global_ids import NodeKind
from models.tables import NotificationKind
from services.notifications.sight import sees
from services.notifications.tell import tell
from services.outbox import Job


async def share_notification(job: Job) -> None:
    """For SHARED: tells those who may see the post and who shares it. Raises ShardUnavailable."""
    user_id, subject = job.payload["user_id"], (NodeKind.POST, job.payload["post_id"])
    for recipient_id in job.payload["recipient_ids"]:
        if await sees(job.backend, recipient_id, actor_id=user_id, subject=subject):
            await tell(
                job.backend,
                recipient_id,
                NotificationKind.SHARE,
                event_id=job.event_id,
                actor_id=user_id,
                subject=subject,
            )
