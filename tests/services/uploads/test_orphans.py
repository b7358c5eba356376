from datetime import timedelta
from functools import partial

import pytest

from core import clock
from core.errors import ShardUnavailable
from media.errors import MultipartGone
from media.keys import new_token, original_key
from media.runner import ImageRunner
from media.streams import Listed
from models.reads.reader import Reader
from services.backend import Backend
from services.uploads.orphans import YOUNGEST, OrphanSweep, remove_orphans
from services.uploads.processing import process_upload
from services.uploads.rows import object_keys
from tests.pictures import small_photo
from tests.posting import ready_upload
from tests.services.outbox_rows import change
from tests.uploading import Uploader, begin_job, is_stored, row_of, run_job

PHOTO = small_photo()
OLD = clock.now() - YOUNGEST - timedelta(minutes=1)


async def stored(backend: Backend, *keys: str) -> list[str]:
    for key in keys:
        await backend.storage.put(key, b"something", "image/jpeg")
    return list(keys)


async def gone(backend: Backend, keys: list[str]) -> list[bool]:
    return [not await is_stored(backend, key) for key in keys]


async def test_what_belongs_to_nothing_goes_and_nothing_else(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    upload = await alice.finish(PHOTO)
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    ready = object_keys(await row_of(backend, upload.id))
    sent = object_keys(await row_of(backend, (await alice.send(PHOTO)).id))
    token = new_token()
    names = [f"variants/{token}/640.{kind}" for kind in ("jpg", "webp")]
    orphans = await stored(backend, original_key(new_token()), *names)
    [young] = await stored(backend, f"variants/{new_token()}/640.jpg")
    found = [Listed(key, OLD) for key in (*ready, *sent, *orphans)]
    assert await remove_orphans(backend, [*found, Listed(young, clock.now())]) == 3
    assert await gone(backend, orphans) == [True] * 3
    assert await gone(backend, [*ready, *sent, young]) == [False] * (len(ready) + 2)


async def test_what_a_job_that_is_not_over_has_named_stays(backend: Backend, alice: Uploader) -> None:
    upload = await alice.finish(PHOTO)
    job = await begin_job(backend, upload.id, "process_upload")
    assert job is not None
    token = new_token()
    [key] = await stored(backend, f"variants/{token}/640.jpg")
    await job.save_progress({"rendition": token, "keys": [key]})
    assert await remove_orphans(backend, [Listed(key, OLD)]) == 0
    assert await gone(backend, [key]) == [False]


async def test_what_a_job_that_was_given_up_has_half_written_goes(backend: Backend, alice: Uploader) -> None:
    upload_id = await alice.film(b"film")
    job = await begin_job(backend, upload_id, "process_film")
    assert job is not None
    token = new_token()
    keys = await stored(backend, *(f"variants/{token}/{name}" for name in ("master.m3u8", "240p.mp4", "240p.m3u8")))
    await job.save_progress({"rendition": token, "keys": keys})
    found = [Listed(key, OLD) for key in keys]
    assert await remove_orphans(backend, found) == 0
    await change(backend, job.event_id, "state = 'DEAD'")
    assert await remove_orphans(backend, found) == 3
    assert await gone(backend, keys) == [True] * 3


async def test_all_of_a_film_that_is_shown_stays(backend: Backend, alice: Uploader) -> None:
    upload_id = await ready_upload(backend, alice.id, film=True)
    keys = await stored(backend, *object_keys(await row_of(backend, upload_id)))
    assert len(keys) == 17
    assert await remove_orphans(backend, [Listed(key, OLD) for key in keys]) == 0


async def test_where_a_node_does_not_tell_nothing_goes(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = await stored(backend, f"variants/{new_token()}/640.jpg")

    async def silent(reader: Reader, *_: object) -> list[object]:
        reader.unavailable.add(1)
        return []

    monkeypatch.setattr(Reader, "on_every_node", silent)
    with pytest.raises(ShardUnavailable):
        await remove_orphans(backend, [Listed(key, OLD) for key in keys])
    assert await gone(backend, keys) == [False]


async def test_a_sweep_goes_through_all_page_by_page(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.uploads.orphans.AT_ONCE", 2)
    monkeypatch.setattr("services.uploads.orphans.PREFIXES", ("swept/a/", "swept/b/"))
    monkeypatch.setattr("services.uploads.orphans.YOUNGEST", timedelta(0))
    keys = await stored(backend, "swept/a/1", "swept/a/2", "swept/a/3", "swept/b/1")
    await stored(backend, "swept/c/1")
    begun = [(key, await backend.storage.multiparts.begin(key, "video/mp4")) for key in ("swept/a/4", "swept/b/2")]
    sweep = OrphanSweep(backend)
    steps = [await sweep.step() for _ in range(4)]
    assert steps == [(2, 2, False), (1, 1, False), (1, 1, False), (1, 1, True)]
    with pytest.raises(MultipartGone):
        await backend.storage.multiparts.arrived(*begun[0])
    assert await backend.storage.multiparts.arrived(*begun[1]) == {}  # films are sent to the first prefix alone
    assert await gone(backend, [*keys, "swept/c/1"]) == [True] * 4 + [False]
    assert await sweep.step() == (0, 0, False)
