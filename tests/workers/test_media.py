"""Pictures, made by a worker of their own process: where it dies on the way, the next one goes on."""

import asyncio

import pytest

from core import clock
from core.embedded.stack import Stack
from models.tables import MediaStatus
from services.backend import Backend
from tests.factories import make_user
from tests.pictures import small_photo
from tests.uploading import Uploader, events_of, is_stored, row_of
from tests.workers.town import fleet_of, tell

POINTS = ["after_put", *(pytest.param(point, marks=pytest.mark.drill) for point in ("after_download", "after_render"))]
PROGRESS = """
    SELECT d.progress, d.attempts FROM deliveries d JOIN events e ON e.id = d.event_id
    WHERE d.handler = 'process_upload' AND (e.payload->>'upload_id')::bigint = $1 AND d.state = 'DONE'
"""


async def settled(uploader: Uploader, upload_id: int, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while (await uploader.see(upload_id)).status is MediaStatus.PROCESSING:
            await asyncio.sleep(0.05)


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_killed_at_a_point(own_stack: Stack, own_backend: Backend, point: str) -> None:
    crash_at = f"process_upload.{point}:1"
    alice = Uploader(own_backend, (await make_user(own_backend)).id)
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        await fleet.start("worker", "workers.run", "media", crash_at=crash_at)
        began = clock.monotonic()
        upload = await alice.finish(small_photo())
        await settled(alice, upload.id)
        seconds = clock.monotonic() - began
        assert fleet.deaths("worker") == 1
        assert (own_stack.folder.path / "crashes" / crash_at).exists()
        tell(f"kill -9 at {crash_at}: READY after {seconds:.2f} s")
        assert (await alice.see(upload.id)).status is MediaStatus.READY
        keys = [variant["key"] for variant in (await row_of(own_backend, upload.id))["result"]["variants"]]
        assert len(keys) == 6
        assert all([await is_stored(own_backend, key) for key in keys])
        assert await events_of(own_backend, upload.id) == ["UploadFinished", "UploadProcessed"]
        async with asyncio.timeout(5):
            while not (done := await own_backend.reader().on_shard_of(upload.id, PROGRESS, upload.id)):
                await asyncio.sleep(0.05)
    # All that any try has put is what is shown: nothing lies about.
    assert sorted(done[0]["progress"]["keys"]) == sorted(keys)
    assert done[0]["attempts"] == 2
    assert list((own_stack.folder.path / "work").iterdir()) == []
