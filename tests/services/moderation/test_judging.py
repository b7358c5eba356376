"""What is let in, held and refused by what is to be seen; the model judges, by thresholds that suit these pictures."""

import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import httpx
import pytest
from PIL import Image

from core.errors import ShardUnavailable
from core.settings import Settings
from media.runner import ImageRunner
from models.tables import MediaStatus
from services.backend import Backend
from services.moderation import judging
from services.moderation.deciding import NotToBeDecided, approve, reject, remove
from services.moderation.known import KnownPictures
from services.moderation.remembering import remember_removed
from services.outbox import Job
from services.uploads.cancelling import cancel_upload
from services.uploads.discarding import discard_upload
from services.uploads.finishing import finish_upload
from services.uploads.processing import process_upload
from services.uploads.rows import keys_of
from services.uploads.telling import notify_upload
from tests.factories import make_user
from tests.pictures import encoded, small_photo
from tests.posting import rows
from tests.uploading import Uploader, begin_job, change_row, events_of, is_stored, post_form, row_of, run_job

PHOTO = small_photo(480, 320)
TOLD = "SELECT kind, details FROM notifications WHERE recipient_id = $1 AND subject_id = $2 ORDER BY sequence"


@pytest.fixture(scope="module", autouse=True)
async def _bucket(backend: Backend) -> None:
    await backend.storage.ensure_bucket()


@pytest.fixture(scope="module")
async def runner() -> AsyncIterator[ImageRunner]:
    async with ImageRunner(processes=1) as runner:
        yield runner


@pytest.fixture
async def alice(backend: Backend) -> Uploader:
    return Uploader(backend, (await make_user(backend)).id)


def judging_by(backend: Backend, **changed: Any) -> Backend:
    return replace(backend, settings=Settings.model_validate(backend.settings.model_dump() | changed))


def holding(backend: Backend) -> Backend:
    return judging_by(backend, nudity_hold_above=0.0, nudity_reject_above=1.0)


async def process(backend: Backend, runner: ImageRunner, upload_id: int) -> Job:
    return await run_job(backend, upload_id, "process_upload", partial(process_upload, runner))


async def held(backend: Backend, runner: ImageRunner, owner: Uploader, data: bytes = PHOTO) -> int:
    upload = await owner.finish(data)
    await process(holding(backend), runner, upload.id)
    assert (await owner.see(upload.id)).status is MediaStatus.HELD
    return upload.id


async def told(backend: Backend, owner: Uploader, upload_id: int) -> list[tuple[str, str, str | None]]:
    await run_job(backend, upload_id, "notify_upload", notify_upload)
    found = await rows(backend, owner.id, TOLD, owner.id, upload_id)
    return [(kind, details["status"], details["failure_reason"]) for kind, details in found]


def noise(seed: int) -> bytes:
    """A picture that no other test has."""
    return encoded(Image.effect_noise((12, 8), 90 + seed).resize((480, 320), Image.Resampling.BICUBIC).convert("RGB"))


async def test_a_harmless_picture_is_ready_and_its_score_kept(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    upload = await alice.finish(PHOTO)
    await process(backend, runner, upload.id)
    row = await row_of(backend, upload.id)
    assert row["status"] == "READY"
    assert 0 < row["nudity"] < 0.1


async def test_what_is_held_is_shown_to_nobody(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    number = await held(backend, runner, alice)
    seen, row = await alice.see(number), await row_of(backend, number)
    assert (seen.result, seen.failure_reason, seen.progress) == (None, None, 1)
    assert row["nudity"] > 0
    assert all([await is_stored(backend, key) for key in keys_of(row["result"])])
    assert await events_of(backend, number) == ["UploadFinished", "UploadProcessed"]
    assert await told(backend, alice, number) == [("MODERATION", "HELD", None)]


async def test_what_scores_too_high_is_refused(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    strict = judging_by(backend, nudity_hold_above=0.0, nudity_reject_above=0.0)
    job = await process(strict, runner, upload.id)
    seen, row = await alice.see(upload.id), await row_of(backend, upload.id)
    assert (seen.status, seen.result, seen.failure_reason) == (MediaStatus.REJECTED, None, judging.NUDITY)
    assert (row["result"], row["nudity"] > 0, row["rejected_at"] is not None) == (None, True, True)
    assert job.progress is None  # nothing was put
    assert await is_stored(backend, row["object_key"])
    assert await told(backend, alice, upload.id) == [("MODERATION", "REJECTED", judging.NUDITY)]


async def test_scoring_can_be_turned_off(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    off = judging_by(backend, nudity_hold_above=0.0, nudity_reject_above=0.0, nudity_check=False)
    await process(off, runner, upload.id)
    row = await row_of(backend, upload.id)
    assert (row["status"], row["nudity"]) == ("READY", None)


async def test_approved_it_is_ready_and_told_once(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    number = await held(backend, runner, alice)
    late = await begin_job(backend, number, "notify_upload")
    assert late is not None
    assert [await approve(backend, number), await approve(backend, number)] == [True, False]
    seen = await alice.see(number)
    assert (seen.status, seen.result is not None) == (MediaStatus.READY, True)
    # What was to say that it waits comes after the decision, and says nothing.
    await notify_upload(late)
    assert await told(backend, alice, number) == [("MEDIA_READY", "READY", None)]
    with pytest.raises(NotToBeDecided, match="It is READY, not HELD"):
        await reject(backend, number, "No.")
    assert (await alice.see(number)).status is MediaStatus.READY


async def test_rejected_it_is_known_when_it_comes_back(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    data = noise(1)
    number = await held(backend, runner, alice, data)
    assert [await reject(backend, number, "Not here."), await reject(backend, number, "Again.")] == [True, False]
    seen = await alice.see(number)
    assert (seen.status, seen.result, seen.failure_reason) == (MediaStatus.REJECTED, None, "Not here.")
    assert await told(backend, alice, number) == [("MODERATION", "REJECTED", "Not here.")]
    with pytest.raises(NotToBeDecided, match="It is REJECTED, not HELD"):
        await approve(backend, number)
    job = await run_job(backend, number, "remember_removed", remember_removed)
    await remember_removed(job)
    [kept] = await rows(backend, number, "SELECT * FROM removed_pictures WHERE upload_id = $1", number)
    assert (len(kept[2]), len(kept[3]) % 32, kept[5]) == (32, 0, "Not here.")
    # The same bytes are refused before anything is made of them, whoever sends them.
    mallory = Uploader(backend, (await make_user(backend)).id)
    again = await mallory.finish(data)
    job = await process(backend, runner, again.id)
    assert job.progress is None
    refused, row = await mallory.see(again.id), await row_of(backend, again.id)
    assert (refused.status, refused.failure_reason) == (MediaStatus.REJECTED, judging.REMOVED_BEFORE)
    assert row["nudity"] is None
    # And so is the same picture in another file.
    with Image.open(io.BytesIO(data)) as picture:
        smaller = encoded(picture.resize((300, 200)), "PNG")
    other = await mallory.finish(smaller, "image/png")
    await process(backend, runner, other.id)
    refused = await mallory.see(other.id)
    assert (refused.status, refused.failure_reason) == (MediaStatus.REJECTED, judging.REMOVED_BEFORE)


async def test_another_file_sent_after_it_was_judged_does_not_hide_it(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    data = noise(3)
    upload = await alice.send(data)
    await finish_upload(backend, alice.id, upload.id, None)
    await process(holding(backend), runner, upload.id)
    assert (await post_form(upload, bytes(len(data)))).status_code == httpx.codes.NO_CONTENT
    assert await reject(backend, upload.id, "No.")
    await run_job(backend, upload.id, "remember_removed", remember_removed)
    [kept] = await rows(backend, upload.id, "SELECT sha256 FROM removed_pictures WHERE upload_id = $1", upload.id)
    assert kept[0] == hashlib.sha256(data).digest()


async def test_a_second_run_decides_the_same(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    job = await process(holding(backend), runner, upload.id)
    before = dict(await row_of(backend, upload.id))
    await process_upload(runner, replace(job, backend=holding(backend)))
    assert dict(await row_of(backend, upload.id)) == before
    # Also after a moderator has decided: what it has come to stays, and so do its objects.
    assert await reject(backend, upload.id, "No.")
    before = dict(await row_of(backend, upload.id))
    await process_upload(runner, job)
    assert dict(await row_of(backend, upload.id)) == before
    assert all([await is_stored(backend, key) for key in keys_of(before["result"])])


async def test_cancelled_while_it_was_judged(
    backend: Backend, alice: Uploader, runner: ImageRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await alice.finish(PHOTO)
    look = backend.examiner.look

    async def cancelled_meanwhile(*arguments: Any, **named: Any) -> Any:
        await cancel_upload(backend, alice.id, upload.id)
        return await look(*arguments, **named)

    monkeypatch.setattr(backend.examiner, "look", cancelled_meanwhile)
    job = await process(holding(backend), runner, upload.id)
    assert (await alice.see(upload.id)).status is MediaStatus.CANCELLED
    assert job.progress is not None
    assert not any([await is_stored(backend, key) for key in job.progress["keys"]])
    with pytest.raises(NotToBeDecided, match="It is CANCELLED"):
        await approve(backend, upload.id)


async def test_what_is_held_may_be_taken_back(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    number = await held(backend, runner, alice)
    keys = keys_of((await row_of(backend, number))["result"])
    await cancel_upload(backend, alice.id, number)
    await run_job(backend, number, "discard_upload", discard_upload)
    assert (await alice.see(number)).status is MediaStatus.CANCELLED
    assert not any([await is_stored(backend, key) for key in keys])
    for decide in (approve(backend, number), reject(backend, number, "No."), remove(backend, number, "No.")):
        with pytest.raises(NotToBeDecided, match="It is CANCELLED"):
            await decide
    assert (await row_of(backend, number))["status"] == "CANCELLED"


async def test_what_a_node_does_not_tell_is_not_let_in(
    backend: Backend, alice: Uploader, runner: ImageRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await alice.finish(PHOTO)

    async def away(*_: object) -> None:
        raise ShardUnavailable(1)

    job = await begin_job(backend, upload.id, "process_upload")
    assert job is not None
    with monkeypatch.context() as patched:
        patched.setattr(KnownPictures, "_refresh", away)
        with pytest.raises(ShardUnavailable):
            await process_upload(runner, job)
    assert (await row_of(backend, upload.id))["status"] == "PROCESSING"
    await process_upload(runner, job)
    assert (await row_of(backend, upload.id))["status"] == "READY"


async def test_what_was_rejected_is_removed_from_storage_in_the_end(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    from services.uploads.sweeping import sweep_uploads

    number = await held(backend, runner, alice, noise(2))
    assert await reject(backend, number, "No.")
    await run_job(backend, number, "remember_removed", remember_removed)
    row = await row_of(backend, number)
    keys = [row["object_key"], *keys_of(row["result"])]
    await change_row(backend, number, "rejected_at = rejected_at - interval '29 days 23 hours'")
    await sweep_uploads(backend)
    assert all([await is_stored(backend, key) for key in keys])
    await change_row(backend, number, "rejected_at = rejected_at - interval '2 hours'")
    await sweep_uploads(backend)
    assert not any([await is_stored(backend, key) for key in keys])
    assert len(await rows(backend, number, "SELECT 1 FROM removed_pictures WHERE upload_id = $1", number)) == 1
    assert (await alice.see(number)).status is MediaStatus.REJECTED
