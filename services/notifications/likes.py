"""Telling of likes."""

from models.global_ids import NodeKind
from models.reads.notifications import LIKE_OF_COMMENT, LIKE_OF_POST
from models.tables import NotificationKind
from services.notifications.edges import Standing, settle
from services.notifications.sight import sees
from services.outbox import Job

_LIKED = {
    NodeKind.POST: (NotificationKind.LIKE, LIKE_OF_POST),
    NodeKind.COMMENT: (NotificationKind.COMMENT_LIKE, LIKE_OF_COMMENT),
}


async def like_notification(job: Job) -> None:
    """For LIKED and UNLIKED. Nobody is told of a like on what they may not see, nor of somebody whom they may not see.

    Raises ShardUnavailable.
    """
    subject = (NodeKind[job.payload["subject_kind"]], job.payload["subject_id"])
    kind, sql = _LIKED[subject[0]]
    user_id = job.payload["user_id"]

    async def look() -> Standing | None:
        for row in await job.backend.reader().on_shard_of(subject[1], sql, subject[1], user_id):
            return Standing(row["owner_id"], row["state"] == "LIKED" and row["subject_is_live"], row["version"])
        return None

    async def may_be_told(edge: Standing) -> bool:
        return await sees(job.backend, edge.owner_id, actor_id=user_id, subject=subject)

    await settle(job, kind, user_id, subject, look, may_be_told=may_be_told)
