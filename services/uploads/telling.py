"""Telling the owner what came of an upload."""

from models.global_ids import NodeKind
from models.tables import MediaStatus, NotificationKind
from services.notifications.tell import tell
from services.outbox import Job
from services.uploads.jobs import read_upload

KINDS = {
    MediaStatus.READY: NotificationKind.MEDIA_READY,
    MediaStatus.FAILED: NotificationKind.MEDIA_FAILED,
    MediaStatus.HELD: NotificationKind.MODERATION,
    MediaStatus.REJECTED: NotificationKind.MODERATION,
}


async def notify_upload(job: Job) -> None:
    """For UPLOAD_PROCESSED and UPLOAD_REMOVED. Nobody is told of what they cancelled meanwhile, nor of what was decided
    otherwise meanwhile, of which another event tells. Raises ShardUnavailable."""
    upload = await read_upload(job)
    if upload is None or job.payload.get("status", upload["status"]) != upload["status"]:
        return
    kind = KINDS.get(MediaStatus(upload["status"]))
    if kind is not None:
        await tell(
            job.backend,
            upload["owner_id"],
            kind,
            event_id=job.event_id,
            subject=(NodeKind.UPLOAD, upload["id"]),
            fold=False,
            details={
                "status": upload["status"],
                "failure_reason": upload["failure_reason"],
                "media": (upload["result"] or {}).get("kind"),
            },
        )
