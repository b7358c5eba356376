"""Telling of followers."""

from models.global_ids import NodeKind
from models.reads.notifications import FOLLOW
from models.tables import NotificationKind
from services.notifications.edges import Standing, settle
from services.outbox import Job


async def follow_notification(job: Job) -> None:
    """For FOLLOWED and UNFOLLOWED. Who asks to follow and waits for an answer does not follow yet.

    Raises ShardUnavailable.
    """
    followed_id, follower_id = job.payload["followed_id"], job.payload["follower_id"]

    async def look() -> Standing | None:
        for row in await job.backend.reader().on_shard_of(followed_id, FOLLOW, followed_id, follower_id):
            return Standing(followed_id, row["state"] == "ACCEPTED", row["version"])
        return None

    await settle(job, NotificationKind.FOLLOW, follower_id, (NodeKind.USER, followed_id), look)
