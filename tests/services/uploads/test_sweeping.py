from functools import partial

import pytest

from core.errors import UserErrorCode, UserFault
from media.recipe import Recipe
from media.runner import ImageRunner
from models.tables import MediaStatus
from services import tries
from services.backend import Backend
from services.uploads.cancelling import cancel_upload
from services.uploads.discarding import discard_upload
from services.uploads.finishing import finish_upload
from services.uploads.processing import process_upload
from services.uploads.sweeping import GIVEN_UP, NEVER_SENT, sweep_uploads
from tests.pictures import encoded, phone_exif, photograph, small_photo
from tests.uploading import (
    Uploader,
    begin_job,
    change_row,
    events_of,
    is_stored,
    post_form,
    row_of,
    run_job,
)

PHOTO = small_photo()
LONG_AGO = "expires_at = clock_now() - interval '11 minutes'"


async def test_what_was_never_finished_is_given_up_and_removed(backend: Backend, alice: Uploader) -> None:
    sent, fresh = await alice.send(PHOTO), await alice.send(PHOTO)
    just_expired = await alice.send(PHOTO)
    key = (await row_of(backend, sent.id))["object_key"]
    await change_row(backend, sent.id, LONG_AGO)
    await change_row(backend, just_expired.id, "expires_at = clock_now() - interval '1 minute'")
    await sweep_uploads(backend)
    swept = await alice.see(sent.id)
    assert (swept.status, swept.failure_reason) == (MediaStatus.CANCELLED, NEVER_SENT)
    assert not await is_stored(backend, key)
    assert (await row_of(backend, sent.id))["objects_removed_at"] is not None
    for kept in (fresh, just_expired):
        assert (await row_of(backend, kept.id))["status"] == "UPLOADING"
        assert await is_stored(backend, (await row_of(backend, kept.id))["object_key"])
    with pytest.raises(UserFault) as refused:
        await finish_upload(backend, alice.id, sent.id, None)
    assert refused.value.code == UserErrorCode.EXPIRED
    version = (await row_of(backend, sent.id))["version"]
    await sweep_uploads(backend)
    assert (await row_of(backend, sent.id))["version"] == version


async def test_what_is_sent_after_it_was_cancelled_goes_once_the_form_has_expired(
    backend: Backend, alice: Uploader
) -> None:
    upload = await alice.start(PHOTO)
    key = (await row_of(backend, upload.id))["object_key"]
    await cancel_upload(backend, alice.id, upload.id)
    await run_job(backend, upload.id, "discard_upload", discard_upload)
    assert (await post_form(upload, PHOTO)).is_success
    await sweep_uploads(backend)
    assert await is_stored(backend, key)
    await change_row(backend, upload.id, LONG_AGO)
    await sweep_uploads(backend)
    assert not await is_stored(backend, key)


async def test_what_a_camera_wrote_goes_with_the_file(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    data = encoded(photograph().resize((60, 40)), exif=phone_exif())
    upload = await alice.send(data)
    await finish_upload(backend, alice.id, upload.id, None, Recipe(keep_location=True))
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    kept = await row_of(backend, upload.id)
    assert (kept["source"]["latitude"], kept["camera"]) == (64.15, "Heliograph Phone 1")
    assert kept["captured_at"] is not None
    await cancel_upload(backend, alice.id, upload.id)
    await change_row(backend, upload.id, LONG_AGO)
    await sweep_uploads(backend)
    row = await row_of(backend, upload.id)
    assert [row[name] for name in ("result", "source", "captured_at", "camera")] == [None] * 4


async def test_an_upload_whose_job_is_dead_fails(backend: Backend, alice: Uploader) -> None:
    upload = await alice.finish(PHOTO)
    for number in range(backend.settings.job_max_tries):
        await sweep_uploads(backend)
        assert (await row_of(backend, upload.id))["status"] == "PROCESSING"
        job = await begin_job(backend, upload.id, "process_upload")
        assert job is not None
        state = await tries.fail(job, f"try {number}")
    assert state == "DEAD"
    await sweep_uploads(backend)
    await sweep_uploads(backend)
    failed = await alice.see(upload.id)
    assert (failed.status, failed.failure_reason) == (MediaStatus.FAILED, GIVEN_UP)
    assert await events_of(backend, upload.id) == ["UploadFinished", "UploadProcessed"]
