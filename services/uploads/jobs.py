"""What jobs about uploads share: the row that they are about, and a folder to work in."""

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from models.reads.uploads import UPLOAD_FOR_JOB
from services.outbox import Job


def about(upload: Any) -> dict[str, int]:
    """What an event says that has the file of an upload worked on: whose it is, and how large, which says when."""
    return {"upload_id": upload["id"], "owner_id": upload["owner_id"], "byte_size": upload["byte_size"]}


async def read_upload(job: Job) -> Any:
    """The row of `uploads` that the event is about; None if there is none. Raises ShardUnavailable."""
    upload_id = job.payload["upload_id"]
    rows = await job.backend.reader().on_shard_of(upload_id, UPLOAD_FOR_JOB, upload_id)
    return rows[0] if rows else None


@contextlib.asynccontextmanager
async def workspace(job: Job) -> AsyncIterator[Path]:
    """Empty at first, gone at the end. What an earlier try of the job left behind when it was killed goes too."""
    prefix = f"{job.handler}-{job.event_id}-"
    parent = job.backend.settings.data / "work"
    folder = await asyncio.to_thread(_make, parent, prefix)
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def _make(parent: Path, prefix: str) -> Path:
    parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left_behind in parent.glob(f"{prefix}*"):
        shutil.rmtree(left_behind, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
