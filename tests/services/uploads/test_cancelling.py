from functools import partial

import pytest

from core.errors import UserErrorCode, UserFault
from media.runner import ImageRunner
from media.signing import CachePolicy, Grant
from models.tables import MediaStatus
from services.backend import Backend
from services.uploads.cancelling import cancel_upload
from services.uploads.discarding import discard_upload
from services.uploads.finishing import finish_upload
from services.uploads.processing import process_upload
from services.uploads.rows import object_keys, renditions
from services.withdrawals import is_withdrawn
from tests.pictures import small_photo
from tests.uploading import Uploader, change_row, events_of, is_stored, row_of, run_job

PHOTO = small_photo()


async def test_cancelled_before_it_is_finished(backend: Backend, alice: Uploader) -> None:
    upload = await alice.send(PHOTO)
    key = (await row_of(backend, upload.id))["object_key"]
    assert await is_stored(backend, key)
    assert await cancel_upload(backend, alice.id, upload.id) == upload.id
    cancelled = await alice.see(upload.id)
    assert (cancelled.status, cancelled.form) == (MediaStatus.CANCELLED, None)
    await run_job(backend, upload.id, "discard_upload", discard_upload)
    assert not await is_stored(backend, key)
    with pytest.raises(UserFault) as refused:
        await finish_upload(backend, alice.id, upload.id, None)
    assert refused.value.code == UserErrorCode.NOT_ALLOWED
    assert await events_of(backend, upload.id) == ["UploadCancelled"]


async def test_cancelled_when_it_was_ready_nothing_is_left(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    upload = await alice.finish(PHOTO)
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    row = await row_of(backend, upload.id)
    assert len(object_keys(row)) == 13  # 150, 320 and 600 wide and a square, three formats each; and the original
    await cancel_upload(backend, alice.id, upload.id)
    await cancel_upload(backend, alice.id, upload.id)
    assert (await alice.see(upload.id)).result is None
    await run_job(backend, upload.id, "discard_upload", discard_upload)
    assert not any([await is_stored(backend, key) for key in object_keys(row)])
    [rendition] = renditions(row)
    assert await is_withdrawn(backend, rendition, Grant(alice.id, 2**53, CachePolicy.PRIVATE))
    assert (await events_of(backend, upload.id)).count("UploadCancelled") == 1


async def test_what_is_in_use_stays(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    await change_row(backend, upload.id, f"attached_to = {alice.id}")
    before = dict(await row_of(backend, upload.id))
    with pytest.raises(UserFault) as refused:
        await cancel_upload(backend, alice.id, upload.id)
    assert (refused.value.code, refused.value.field) == (UserErrorCode.NOT_ALLOWED, ("uploadId",))
    assert dict(await row_of(backend, upload.id)) == before


async def test_what_failed_stays_failed(backend: Backend, alice: Uploader) -> None:
    upload = await alice.start(PHOTO)
    await change_row(backend, upload.id, "status = 'FAILED', failure_reason = 'Damaged.'")
    await cancel_upload(backend, alice.id, upload.id)
    assert (await alice.see(upload.id)).failure_reason == "Damaged."


async def test_somebody_elses_upload_is_not_there(backend: Backend, alice: Uploader, mallory: Uploader) -> None:
    upload = await alice.send(PHOTO)
    for number in (upload.id, mallory.id, None):
        with pytest.raises(UserFault) as refused:
            await cancel_upload(backend, mallory.id, number)
        assert (refused.value.code, refused.value.message) == (UserErrorCode.NOT_FOUND, "There is no such upload.")
    assert (await alice.see(upload.id)).status is MediaStatus.UPLOADING
    assert await events_of(backend, upload.id) == []


async def test_a_late_discard_leaves_what_is_ready(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    await run_job(backend, upload.id, "discard_upload", discard_upload)
    assert all([await is_stored(backend, key) for key in object_keys(await row_of(backend, upload.id))])
