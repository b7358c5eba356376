"""The job that keeps how a removed picture may be known again."""

import asyncio
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.dialects.postgresql import insert

from media.errors import ObjectMissing
from media.judging.likeness import COMPARABLE
from models.ids import shard_of
from models.tables import MediaStatus, RemovedPicture
from services.moderation.judging import judged_key_of
from services.moderation.known import file_hash
from services.outbox import Job
from services.uploads.jobs import read_upload, workspace

LARGEST_PICTURE = 64 * 2**20

log = structlog.get_logger()


async def remember_removed(job: Job) -> None:
    """For UPLOAD_REMOVED; may be done twice. Raises StorageUnavailable, MediaProcessingFailed, ShardUnavailable."""
    upload = await read_upload(job)
    if upload is None or upload["status"] != MediaStatus.REJECTED or upload["result"] is None:
        return
    async with workspace(job) as folder:
        picture = folder / "picture.jpg"
        try:
            sha256 = upload["sha256"] or await _hash_of_original(job, upload, folder / "original")
            await job.backend.storage.download(judged_key_of(upload["result"]), picture, LARGEST_PICTURE)
        except ObjectMissing as missing:
            log.warning("removed_picture_is_gone", upload_id=upload["id"], key=missing.key)
            return
        [seen] = await job.backend.examiner.remember([picture])
    async with job.backend.transaction(shard_of(upload["id"])) as transaction:
        row = insert(RemovedPicture).values(
            id=await transaction.mint_id(),
            upload_id=upload["id"],
            sha256=sha256,
            hashes=b"".join(seen.packed) if seen.quality >= COMPARABLE else None,
            quality=seen.quality,
            reason=upload["failure_reason"] or "",
        )
        await transaction.session.execute(row.on_conflict_do_nothing(index_elements=["upload_id", "sha256"]))


async def _hash_of_original(job: Job, upload: Any, original: Path) -> bytes:
    """Of what was judged before its hash was kept."""
    await job.backend.storage.download(upload["object_key"], original, upload["byte_size"])
    return await asyncio.to_thread(file_hash, original)
