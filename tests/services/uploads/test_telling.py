from functools import partial
from typing import Any

import pytest

from media.runner import ImageRunner
from services.backend import Backend
from services.uploads.cancelling import cancel_upload
from services.uploads.processing import process_upload
from services.uploads.telling import notify_upload
from tests.pictures import small_photo
from tests.uploading import Uploader, run_job


async def notifications(backend: Backend, recipient_id: int) -> list[tuple[Any, ...]]:
    rows = await backend.reader().on_shard_of(
        recipient_id,
        """SELECT kind, subject_kind, subject_id FROM notifications
           WHERE recipient_id = $1 AND kind LIKE 'MEDIA%' ORDER BY sequence""",
        recipient_id,
    )
    return [tuple(row) for row in rows]


@pytest.mark.parametrize(("data", "kind"), [(small_photo(160, 120), "MEDIA_READY"), (b"not a picture", "MEDIA_FAILED")])
async def test_the_owner_is_told_once(
    backend: Backend, alice: Uploader, runner: ImageRunner, data: bytes, kind: str
) -> None:
    upload = await alice.finish(data)
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    job = await run_job(backend, upload.id, "notify_upload", notify_upload)
    await notify_upload(job)
    assert await notifications(backend, alice.id) == [(kind, "UPLOAD", upload.id)]


async def test_nobody_is_told_of_what_was_cancelled(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(small_photo(160, 120))
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    await cancel_upload(backend, alice.id, upload.id)
    await run_job(backend, upload.id, "notify_upload", notify_upload)
    assert await notifications(backend, alice.id) == []
