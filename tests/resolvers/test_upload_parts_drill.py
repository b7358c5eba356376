"""A film of 40 MB, playable, cut three times on its way, and made; and an API that is killed between storage and
database."""

import asyncio
import os
import random
import signal
import time
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from rich.console import Console
from rich.progress import track

from core import clock
from media.film.runner import FilmRunner
from media.multiparts import ListedMultipart
from models.global_ids import NodeKind, decode_as
from services.backend import Backend
from services.uploads.filming import process_film
from services.uploads.orphans import YOUNGEST, abort_orphans
from tests.api import Api
from tests.factories import make_user
from tests.filming import small_film
from tests.resolvers.test_register_drill import api_process
from tests.resolvers.test_upload_parts import START_AGAIN, arrives_though_cut, refuses_what_is_exchanged, status_of
from tests.resolvers.uploading import data_of, finish, see, start
from tests.uploading import events_of, is_stored, row_of, run_job

SIZE = 40 * 1000 * 1000
ROUNDS = 5

pytestmark = [pytest.mark.drill, pytest.mark.timeout(600)]


def large_film(seed: int) -> bytes:
    """A film that plays, with a box behind it that players leave out and that is never twice the same."""
    film = small_film(2.0)
    rest = SIZE - len(film)
    return film + rest.to_bytes(4, "big") + b"free" + random.Random(seed).randbytes(rest - 8)


async def test_40_megabytes_cut_three_times(api: Api, backend: Backend) -> None:
    console, chance = Console(width=150), random.Random(7)
    async with FilmRunner() as films:
        for number in track(range(ROUNDS), "films"):
            person, data = await make_user(backend), large_film(number)
            cuts = sorted(chance.randrange(1_000_000, SIZE - 1_000_000) for _ in range(3))
            began = time.monotonic()
            payload = await arrives_though_cut(api, backend, person, data, cuts)
            seconds = time.monotonic() - began
            upload_id = decode_as(NodeKind.UPLOAD, payload["upload"]["id"])
            assert upload_id is not None
            await run_job(backend, upload_id, "process_film", partial(process_film, films))
            seen = await see(api, person.access_token, payload["upload"])
            assert seen is not None
            assert (seen["status"], seen["failureReason"]) == ("READY", None)
            console.print(
                f"cut at {', '.join(f'{cut / 1e6:.1f}' for cut in cuts)} MB; sent {payload['received'] / 1e6:.1f} MB"
                f" for {SIZE / 1e6:.0f}, parts begun {payload['begun']}, {seconds:.1f} s; sha256 the same; READY"
            )
    owner, other = await make_user(backend), await make_user(backend)
    answers = await refuses_what_is_exchanged(api, owner, other, large_film(ROUNDS))
    console.print(f"parts, sizes and owners exchanged: {answers}")
    assert answers == [403] * 7


async def test_killed_between_storage_and_database(
    api: Api, backend: Backend, child_environment: dict[str, str], tmp_path: Path
) -> None:
    person, data = await make_user(backend), large_film(ROUNDS + 1)
    token, console = person.access_token, Console(width=150)
    multiparts = backend.storage.multiparts
    await backend.storage.ensure_bucket()

    before, _ = await multiparts.page("originals/")
    mortal = child_environment | {"CRASH_AT": "start_upload.after_begin", "HELIOGRAPH_DATA": os.fspath(tmp_path)}
    async with api_process(mortal) as (one, process):
        with pytest.raises(httpx.TransportError):
            await start(one, token, data, **START_AGAIN)
        await asyncio.wait_for(process.wait(), 10)
    assert process.returncode == -signal.SIGKILL
    begun, _ = await multiparts.page("originals/")
    [orphan] = [found for found in begun if found not in before]

    upload = await start(api, token, data, **START_AGAIN)
    for part in upload["parts"]:
        assert await status_of(part["url"], data_of(upload, part["number"], data)) == 200
    upload_id = decode_as(NodeKind.UPLOAD, upload["id"])
    assert upload_id is not None
    row = await row_of(backend, upload_id)
    kept = ListedMultipart(row["object_key"], row["multipart_id"], orphan.began)
    old = clock.now() - YOUNGEST - timedelta(minutes=1)
    aged = [ListedMultipart(found.key, found.multipart_id, old) for found in (orphan, kept)]
    assert await abort_orphans(backend, aged) == 1
    assert len(await multiparts.arrived(kept.key, kept.multipart_id)) == len(upload["parts"])

    mortal["CRASH_AT"] = "finish_upload.after_complete"
    async with api_process(mortal) as (one, process):
        with pytest.raises(httpx.TransportError):
            await finish(one, token, upload)
        await asyncio.wait_for(process.wait(), 10)
    assert process.returncode == -signal.SIGKILL
    assert await is_stored(backend, row["object_key"])
    seen = await see(api, token, upload)
    assert seen is not None
    assert (seen["status"], seen["parts"]) == ("UPLOADING", [])
    payload = await finish(api, token, upload)
    assert (payload["userErrors"], payload["upload"]["status"]) == ([], "PROCESSING")
    assert await events_of(backend, upload_id) == ["FilmFinished"]
    console.print("killed after begin: one upload by its key, the orphan swept; after complete: finished by the next")
