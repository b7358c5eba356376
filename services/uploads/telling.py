"""Telling the owner what came of an upload."""

from models.global_ids import NodeKind
from models.tables import MediaStatus, NotificationKind
from services.notifications.tell import tell
from services.outbox import Job
from services.uploads.jobs import read_upload

KINDS = {MediaStatus.READY: NotificationKind.MEDIA_READY, MediaStatus.FAILED: NotificationKind.MEDIA_FAILED}


async def notify_upload(job: Job) -> None:
    """For UPLOAD_PROCESSED. Nobody is told of what they cancelled meanwhile. Raises ShardUnavailable."""
    upload = await read_upload(job)
    kind = KINDS.get(MediaStatus(upload["status"])) if upload is not None else None
    if kind is not None:
        await tell(
            job.backend,
            upload["owner_id"],
            kind,
            event_id=job.event_id,
            subject=(NodeKind.UPLOAD, upload["id"]),
            fold=False,
            details={"failure_reason": upload["failure_reason"], "media": (upload["result"] or {}).get("kind")},
        )
