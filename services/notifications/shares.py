"""Telling of posts that were shared with somebody."""

from models.global_ids import NodeKind
from models.tables import NotificationKind
from services.notifications.tell import tell
from services.outbox import Job
from services.seen import all_answered
from services.visibility import visible_posts, visible_users
from services.visible import MediaLinks


async def share_notification(job: Job) -> None:
    """For SHARED: tells those who may see the post and who shares it. Raises ShardUnavailable."""
    post_id, user_id = job.payload["post_id"], job.payload["user_id"]
    links = MediaLinks(job.backend.signer)
    for recipient_id in job.payload["recipient_ids"]:
        reader = job.backend.reader()
        post = await visible_posts(reader, links, recipient_id, [post_id])
        sharer = await visible_users(reader, links, recipient_id, [user_id])
        all_answered(reader)
        if post and sharer:
            subject = (NodeKind.POST, post_id)
            await tell(
                job.backend,
                recipient_id,
                NotificationKind.SHARE,
                event_id=job.event_id,
                actor_id=user_id,
                subject=subject,
            )
