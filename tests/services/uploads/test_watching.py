import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from functools import partial

import pytest

from core.errors import RequestFault
from media.runner import ImageRunner
from models.tables import MediaStatus
from services.backend import Backend
from services.live import Live
from services.uploads import watching
from services.uploads.cancelling import cancel_upload
from services.uploads.finishing import finish_upload
from services.uploads.processing import process_upload
from services.uploads.rows import UploadRow
from services.uploads.watching import tell_progress, watch_upload
from services.visible import MediaLinks
from tests.pictures import small_photo
from tests.uploading import Uploader, change_row, run_job

PHOTO = small_photo()


@pytest.fixture
async def live(backend: Backend) -> AsyncIterator[Live]:
    live = Live(backend.redis)
    live.start()
    yield live
    await live.stop()


def watch(live: Live, uploader: Uploader, upload_id: int | None) -> AsyncGenerator[UploadRow, None]:
    return watch_upload(uploader.backend, live, MediaLinks(uploader.backend.signer), uploader.id, upload_id)


async def test_what_is_now_then_each_change_to_the_end(
    backend: Backend, live: Live, alice: Uploader, runner: ImageRunner
) -> None:
    upload = await alice.send(PHOTO)
    async with contextlib.aclosing(watch(live, alice, upload.id)) as states:
        assert (await anext(states)).status is MediaStatus.UPLOADING
        await finish_upload(backend, alice.id, upload.id, None)
        begun = await anext(states)
        assert (begun.status, begun.progress, begun.form) == (MediaStatus.PROCESSING, 0, None)
        job = asyncio.create_task(run_job(backend, upload.id, "process_upload", partial(process_upload, runner)))
        seen = [await anext(states)]
        while seen[-1].status is MediaStatus.PROCESSING:
            seen.append(await anext(states))
        shares = [state.progress for state in seen[:-1]]
        assert shares == sorted(set(shares))
        assert shares[0] == 0.1
        assert shares[-1] == seen[-1].progress == 1
        assert seen[-1].status is MediaStatus.READY
        assert seen[-1].result is not None
        assert len(seen) > 5
        await job
        await cancel_upload(backend, alice.id, upload.id)
        assert (await anext(states)).status is MediaStatus.CANCELLED
        with pytest.raises(StopAsyncIteration):
            await anext(states)


async def test_progress_never_goes_back(backend: Backend, live: Live, alice: Uploader) -> None:
    upload = await alice.finish(PHOTO)
    async with contextlib.aclosing(watch(live, alice, upload.id)) as states:
        await anext(states)
        for share in (0.5, 0.25, 0.5, 0.75):
            await tell_progress(backend, upload.id, share)
        assert [(await anext(states)).progress, (await anext(states)).progress] == [0.5, 0.75]


async def test_a_lost_message_delays_and_loses_nothing(
    live: Live, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.2)
    upload = await alice.start(PHOTO)
    async with contextlib.aclosing(watch(live, alice, upload.id)) as states:
        await anext(states)
        await change_row(alice.backend, upload.id, "status = 'FAILED', failure_reason = 'Damaged.'")
        async with asyncio.timeout(2):
            failed = await anext(states)
        assert (failed.status, failed.failure_reason) == (MediaStatus.FAILED, "Damaged.")


async def test_what_ended_before_is_told_once(live: Live, alice: Uploader) -> None:
    upload = await alice.start(PHOTO)
    await change_row(alice.backend, upload.id, "status = 'CANCELLED'")
    assert [state.status async for state in watch(live, alice, upload.id)] == [MediaStatus.CANCELLED]


async def test_somebody_elses_upload_is_not_there(live: Live, alice: Uploader, mallory: Uploader) -> None:
    upload = await alice.start(PHOTO)
    told = set()
    for number in (upload.id, mallory.id, None):
        with pytest.raises(RequestFault) as refused:
            await anext(watch(live, mallory, number))
        told.add((refused.value.code, refused.value.message))
    assert len(told) == 1
