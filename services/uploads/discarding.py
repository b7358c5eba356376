"""Removing the objects of uploads that came to nothing."""

from models.tables import MediaStatus
from services.outbox import Job
from services.uploads.jobs import read_upload
from services.uploads.parts import remove_parts
from services.uploads.rows import object_keys


async def discard_upload(job: Job) -> None:
    """For UPLOAD_PROCESSED and UPLOAD_CANCELLED: nothing is left of what failed or was cancelled.

    What its form sends afterwards is removed by the sweep, once the form has expired. Raises StorageUnavailable
    and ShardUnavailable.
    """
    upload = await read_upload(job)
    if upload is not None and upload["status"] in (MediaStatus.FAILED, MediaStatus.CANCELLED):
        await remove_parts(job.backend, [upload])
        await job.backend.storage.delete(object_keys(upload))
