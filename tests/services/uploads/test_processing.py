"""Pictures are made once, wherever the job is cut off; what cannot be a picture fails with a reason, soon."""

import io
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest
from PIL import Image

from core import clock
from media.errors import StorageUnavailable
from media.runner import ImageRunner
from models.tables import MediaStatus
from services import tries
from services.backend import Backend
from services.outbox import Job, Superseded
from services.uploads import processing
from services.uploads.processing import process_upload
from services.visible import ImageRow
from tests.filming import moving_picture
from tests.pictures import blank_png, encoded, heic_photo, many_frames, phone_photo, photograph, small_photo
from tests.uploading import (
    Uploader,
    begin_job,
    change_row,
    events_of,
    is_stored,
    row_of,
    run_job,
)

MB = 2**20
PHOTO = small_photo()
HANDLER = "process_upload"


async def process(backend: Backend, runner: ImageRunner, upload_id: int) -> Job:
    return await run_job(backend, upload_id, HANDLER, partial(process_upload, runner))


async def test_a_phone_photo_becomes_fifteen_clean_pictures(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    upload = await alice.finish(phone_photo(), alt_text="Coffee")
    await process(backend, runner, upload.id)
    ready = await alice.see(upload.id)
    assert (ready.status, ready.progress, ready.failure_reason) == (MediaStatus.READY, 1, None)
    assert ready.camera == "Heliograph Phone 1"
    assert ready.captured_at is not None
    assert ready.captured_at.isoformat() == "2025-06-01T10:30:45+00:00"
    image = ready.result
    assert isinstance(image, ImageRow)
    assert (image.id, image.width, image.height, image.alt_text) == (upload.id, 3024, 4032, "Coffee")
    assert [(one.width, one.format, one.is_square) for one in image.variants] == [
        (width, kind, is_square)
        for width, is_square in ((150, False), (320, False), (640, False), (1080, False), (150, True))
        for kind in ("JPEG", "WEBP", "AVIF")
    ]
    for variant in image.variants:
        target = backend.settings.data / f"variant-{upload.id}"
        assert await backend.storage.download(variant.key, target, 10 * MB) == variant.bytes
        assert (await backend.storage.head(variant.key)).content_type == f"image/{variant.format.lower()}"
        with Image.open(target) as picture:
            picture.load()
            assert picture.size == (variant.width, variant.height)
            assert (variant.height == variant.width) is variant.is_square
            assert variant.height >= variant.width
            assert dict(picture.getexif()) == {}
            assert not {"exif", "xmp", "icc_profile"} & picture.info.keys()
        target.unlink()
    assert await events_of(backend, upload.id) == ["UploadFinished", "UploadProcessed"]
    assert list((backend.settings.data / "work").iterdir()) == []


async def test_a_second_run_changes_nothing(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    job = await process(backend, runner, upload.id)
    before = dict(await row_of(backend, upload.id))
    await process_upload(runner, job)
    assert dict(await row_of(backend, upload.id)) == before
    assert await events_of(backend, upload.id) == ["UploadFinished", "UploadProcessed"]
    assert all([await is_stored(backend, variant["key"]) for variant in before["result"]["variants"]])


async def test_what_a_phone_makes_today(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    """A HEIC of tiles; its place is kept where that was asked for."""
    data = heic_photo()
    for keep in (False, True):
        upload = await alice.finish(data, "image/heic")
        await change_row(backend, upload.id, f"""recipe = '{{"keep_location": {str(keep).lower()}}}'""")
        await process(backend, runner, upload.id)
        ready = await alice.see(upload.id)
        assert (ready.status, ready.camera) == (MediaStatus.READY, "Heliograph Phone 1")
        assert isinstance(ready.result, ImageRow)
        assert (ready.result.width, ready.result.height) == (600, 900)
        said = {"mime": "image/heic", "width": 600, "height": 900, "pages": 1}
        place = {"latitude": 64.15, "longitude": -21.9333333}
        assert (await row_of(backend, upload.id))["source"] == (said | place if keep else said)


async def test_of_a_profiles_picture_that_moves_the_first_frame_is_shown(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    upload = await alice.finish(moving_picture("GIF"), "image/gif", purpose="AVATAR")
    await process(backend, runner, upload.id)
    ready = await alice.see(upload.id)
    assert ready.status is MediaStatus.READY
    assert isinstance(ready.result, ImageRow)
    assert (await row_of(backend, upload.id))["source"]["pages"] == 4
    assert await events_of(backend, upload.id) == ["UploadFinished", "UploadProcessed"]


class Killed(BaseException):
    """Power was lost."""


@pytest.mark.parametrize("point", ["after_download", "after_render", "after_put"])
async def test_killed_at_a_point_the_next_try_goes_on(
    backend: Backend, alice: Uploader, runner: ImageRunner, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    upload = await alice.finish(PHOTO)

    def die(name: str) -> None:
        if name == f"process_upload.{point}":
            raise Killed

    job = await begin_job(backend, upload.id, HANDLER)
    assert job is not None
    with monkeypatch.context() as patched:
        patched.setattr(processing, "crash_point", die)
        with pytest.raises(Killed):
            await process_upload(runner, job)
    assert (await row_of(backend, upload.id))["status"] == "PROCESSING"
    written = (job.progress or {}).get("keys", [])
    assert [await is_stored(backend, key) for key in written] == [True] * (12 if point == "after_put" else 0)
    await process(backend, runner, upload.id)
    result = (await row_of(backend, upload.id))["result"]
    keys = [variant["key"] for variant in result["variants"]]
    assert all([await is_stored(backend, key) for key in keys])
    assert set(written) <= set(keys)
    assert await events_of(backend, upload.id) == ["UploadFinished", "UploadProcessed"]


async def test_what_an_abandoned_try_put_is_removed(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    job = await begin_job(backend, upload.id, HANDLER)
    assert job is not None
    leftover = "variants/BBBBBBBBBBBBBBBBBBBBBB/999.jpg"
    await backend.storage.put(leftover, b"of another version of the recipe", "image/jpeg")
    await job.save_progress({"rendition": "BBBBBBBBBBBBBBBBBBBBBB", "keys": [leftover]})
    await process(backend, runner, upload.id)
    assert not await is_stored(backend, leftover)
    [first, *_] = (await row_of(backend, upload.id))["result"]["variants"]
    assert first["key"].startswith("variants/BBBBBBBBBBBBBBBBBBBBBB/")


async def test_a_late_try_is_stopped_before_it_writes(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    late = await begin_job(backend, upload.id, HANDLER)
    assert late is not None
    await process(backend, runner, upload.id)
    await change_row(backend, upload.id, "status = 'PROCESSING'")
    with pytest.raises(Superseded):
        await process_upload(runner, late)
    assert (await row_of(backend, upload.id))["status"] == "PROCESSING"


async def test_cancelled_while_it_was_made_it_leaves_nothing(
    backend: Backend, alice: Uploader, runner: ImageRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await alice.finish(PHOTO)
    make = processing._make_pictures

    async def cancelled_meanwhile(*arguments: object) -> object:
        outcome = await make(*arguments)  # type: ignore[arg-type]
        await change_row(backend, upload.id, "status = 'CANCELLED'")
        return outcome

    monkeypatch.setattr(processing, "_make_pictures", cancelled_meanwhile)
    job = await process(backend, runner, upload.id)
    assert (await alice.see(upload.id)).status is MediaStatus.CANCELLED
    assert job.progress is not None
    assert len(job.progress["keys"]) == 12
    assert not any([await is_stored(backend, key) for key in job.progress["keys"]])
    assert await events_of(backend, upload.id) == ["UploadFinished"]


async def test_an_outage_of_the_storage_is_no_fault_of_the_picture(
    backend: Backend, alice: Uploader, runner: ImageRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await alice.finish(PHOTO)
    job = await begin_job(backend, upload.id, HANDLER)
    assert job is not None
    with monkeypatch.context() as patched:
        patched.setattr(backend.storage, "_bucket", "not/a/bucket")
        with pytest.raises(StorageUnavailable):
            await process_upload(runner, job)
    await tries.fail(job, "storage away")
    assert (await row_of(backend, upload.id))["status"] == "PROCESSING"
    await process(backend, runner, upload.id)
    assert (await alice.see(upload.id)).status is MediaStatus.READY


async def test_the_original_is_gone(backend: Backend, alice: Uploader, runner: ImageRunner) -> None:
    upload = await alice.finish(PHOTO)
    await backend.storage.delete([(await row_of(backend, upload.id))["object_key"]])
    await process(backend, runner, upload.id)
    failed = await alice.see(upload.id)
    assert (failed.status, failed.failure_reason) == (MediaStatus.FAILED, processing.GONE)


def more_than_a_hundred_megapixels() -> bytes:
    return encoded(photograph().convert("L").resize((12_000, 9_000), Image.Resampling.NEAREST), quality=30)


BAD: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "truncated": (lambda: PHOTO[: len(PHOTO) // 2], "image/jpeg", "incomplete"),
    "text": (lambda: b"Not a picture, whatever its name says. " * 100, "image/jpeg", "not a picture"),
    "108 megapixels": (more_than_a_hundred_megapixels, "image/jpeg", "108.0 megapixels"),
    "truncated HEIC": (lambda: heic_photo()[:-1000], "image/heic", "incomplete"),
    "100,000 frames": (lambda: many_frames(100_000), "image/gif", "more than 1,000 frames"),
    "50,000 square": (lambda: blank_png(50_000, 50_000), "image/png", "2,500.0 megapixels"),
    "other type": (lambda: encoded(photograph(), "PNG"), "image/jpeg", "it is PNG"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_picture_fails_with_a_reason_soon(
    backend: Backend, alice: Uploader, runner: ImageRunner, name: str
) -> None:
    make, content_type, reason = BAD[name]
    upload = await alice.finish(make(), content_type)
    worker = psutil.Process()
    before = worker.memory_info().rss + sum(child.memory_info().rss for child in sandboxes(worker))
    began = clock.monotonic()
    await process(backend, runner, upload.id)
    took = clock.monotonic() - began
    peak = worker.memory_info().rss + sum(peak_of(child) for child in sandboxes(worker))
    failed = await alice.see(upload.id)
    assert (failed.status, failed.result) == (MediaStatus.FAILED, None)
    assert failed.failure_reason is not None
    assert reason in failed.failure_reason
    assert took < 2
    assert peak - before < 150 * MB
    assert await events_of(backend, upload.id) == ["UploadFinished", "UploadProcessed"]
    # The worker lives, and goes on with the next.
    good = await alice.finish(PHOTO)
    await process(backend, runner, good.id)
    assert (await alice.see(good.id)).status is MediaStatus.READY


def sandboxes(worker: psutil.Process) -> list[psutil.Process]:
    return [child for child in worker.children() if "media.sandbox" in child.cmdline()]


def peak_of(process: psutil.Process) -> int:
    """The most memory that it ever held, in bytes."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


async def test_what_a_killed_try_left_in_its_folder_goes(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    upload = await alice.finish(PHOTO)
    job = await begin_job(backend, upload.id, HANDLER)
    assert job is not None
    left = backend.settings.data / "work" / f"{HANDLER}-{job.event_id}-left"
    left.mkdir(parents=True)
    (left / "original").write_bytes(os.urandom(10))
    await process_upload(runner, job)
    assert not left.exists()


def test_pictures_for_these_tests_are_what_they_claim() -> None:
    assert len(blank_png(50_000, 50_000)) < 400_000
    assert Image.open(io.BytesIO(phone_photo())).size == (4032, 3024)
