"""A fresh photograph while hundreds are made anew, by a real relay and a real worker."""

import asyncio
import json
import statistics
from typing import Any

import pytest
from rich.progress import Progress
from sqlalchemy import func, insert

from core import clock
from core.embedded.stack import Stack
from media.keys import new_token, rendition_of
from models.ids import shard_of
from models.tables import MediaStatus, Upload
from services.backend import Backend
from services.uploads.asking import ask_rework, reworks
from services.uploads.finishing import finish_upload
from services.uploads.rows import keys_of
from tests.factories import make_user
from tests.pictures import encoded, photograph
from tests.uploading import Uploader, row_of
from tests.workers.town import clear_outbox, fleet_of, tell

RERUNS = 200
ROUNDS, EACH = 4, 4
SETTLING_SECONDS = 6
CEILING = 2.0


def phone_like_photo() -> bytes:
    """12 megapixels, of as many bytes as a phone makes of them."""
    return encoded(photograph().resize((4032, 3024)), quality=95)


async def seconds_of(owner: Uploader, data: bytes) -> tuple[float, int]:
    """From when it was finished to when it is READY; and the upload's id."""
    upload = await owner.send(data)
    began = clock.monotonic()
    await finish_upload(owner.backend, owner.id, upload.id, None)
    async with asyncio.timeout(120):
        while (status := (await row_of(owner.backend, upload.id))["status"]) == MediaStatus.PROCESSING:
            await asyncio.sleep(0.02)
    assert status == MediaStatus.READY
    return clock.monotonic() - began, upload.id


async def lost(backend: Backend, model: Any, count: int) -> list[int]:
    """Uploads like this one, of which every object has to be put back."""
    token, made = rendition_of(keys_of(model["result"])[0]), []
    owner_id = model["owner_id"]
    async with backend.transaction(shard_of(owner_id)) as transaction:
        for _ in range(count):
            upload_id = await transaction.mint_id()
            result = json.loads(json.dumps(model["result"]).replace(str(token), new_token()))
            row = {
                "id": upload_id,
                "owner_id": owner_id,
                "purpose": "POST",
                "content_type": "image/jpeg",
                "byte_size": model["byte_size"],
                "object_key": model["object_key"],
                "status": MediaStatus.READY.value,
                "result": {**result, "id": upload_id},
                "expires_at": func.clock_now(),
                "finished_at": func.clock_now(),
            }
            await transaction.session.execute(insert(Upload).values(row))
            made.append(upload_id)
    return made


@pytest.mark.drill
@pytest.mark.timeout(300)
async def test_a_fresh_photograph_goes_before_200_that_are_made_anew(own_stack: Stack, own_backend: Backend) -> None:
    await clear_outbox(own_backend)
    data = phone_like_photo()
    owner = Uploader(own_backend, (await make_user(own_backend)).id)
    quiet: list[float] = []
    beside: list[float] = []
    done = []
    with Progress() as progress:
        shown = progress.add_task("quiet, then beside re-runs, in turns", total=2 * ROUNDS * EACH)
        async with fleet_of(own_stack) as fleet:
            await fleet.start_relay()
            await fleet.start("worker", "workers.run", "media")
            _, model_id = await seconds_of(owner, data)  # which waits for all to start
            for _ in range(ROUNDS):  # in turns, since who else works on this machine changes
                for _ in range(EACH):
                    quiet.append((await seconds_of(owner, data))[0])
                    progress.advance(shown)
                ids = await lost(own_backend, await row_of(own_backend, model_id), RERUNS)
                asked = await ask_rework(own_backend, ids)
                async with asyncio.timeout(60):
                    while (await reworks(own_backend, asked.event_ids)).done == 0:
                        await asyncio.sleep(0.05)
                for _ in range(EACH):
                    beside.append((await seconds_of(owner, data))[0])
                    progress.advance(shown)
                done.append((await reworks(own_backend, asked.event_ids)).done)
                await clear_outbox(own_backend)  # no more of them is begun
                await asyncio.sleep(SETTLING_SECONDS)
    assert all(0 < some < RERUNS for some in done), "they were done before the end"
    before, during = statistics.median(quiet), statistics.median(beside)
    tell(f"a fresh photograph of 12 megapixels, median of {len(quiet)}: quiet {before:.2f} s, beside {RERUNS} re-runs")
    tell(f"{during:.2f} s: x {during / before:.2f} (at most {max(beside):.2f} s); re-runs done meanwhile: {sum(done)}")
    assert during < CEILING * before
