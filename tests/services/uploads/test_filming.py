"""Films are made once, wherever the job is cut off; what cannot be a film fails with a reason."""

from collections.abc import AsyncIterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from core.settings import Settings
from media.errors import StorageUnavailable
from media.film.runner import FilmRunner
from media.pictures import planned_variants
from media.runner import ImageRunner
from models.global_ids import NodeKind, encode
from models.tables import MediaStatus
from services import tries
from services.backend import Backend
from services.outbox import Job, Superseded
from services.uploads import filming
from services.uploads.filming import NO_AVATAR, limits_of, process_film
from services.uploads.processing import GONE, process_upload
from services.uploads.rows import keys_of, object_keys
from services.uploads.sweeping import GIVEN_UP, sweep_uploads
from services.uploads.telling import notify_upload
from services.uploads.watching import upload_channel
from services.visible import VideoRow
from tests.filming import moving_picture, small_film
from tests.uploading import Uploader, begin_job, change_row, events_of, is_stored, row_of, run_job

HANDLER = "process_film"
POINTS = ("after_download", "after_render", "after_name", "after_put", "before_settle")
LEFTOVER = "variants/BBBBBBBBBBBBBBBBBBBBBB/999p.mp4"


@pytest.fixture(scope="module")
async def films() -> AsyncIterator[FilmRunner]:
    async with FilmRunner() as runner:
        yield runner


async def film(backend: Backend, films: FilmRunner, upload_id: int) -> Job:
    return await run_job(backend, upload_id, HANDLER, partial(process_film, films))


async def result_of(backend: Backend, upload_id: int) -> dict[str, Any]:
    found: dict[str, Any] = (await row_of(backend, upload_id))["result"]
    return found


async def test_a_film_with_all_that_is_made_of_it(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film(), alt_text="Colours")
    async with backend.redis.pubsub() as pubsub:
        await pubsub.subscribe(upload_channel(upload_id))
        job = await film(backend, films, upload_id)
        told = []
        while b"" not in told:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=5)
            told += [] if message is None else [message["data"]]
    shares = [float(share) for share in told[:-1]]
    assert (shares[0], max(shares)) == (0.1, 1.0)
    rendering = [share for share in shares if share <= 0.9]
    assert len(rendering) > 3
    assert rendering == sorted(rendering)

    ready = await alice.see(upload_id)
    assert (ready.status, ready.progress, ready.failure_reason) == (MediaStatus.READY, 1, None)
    made = ready.result
    assert isinstance(made, VideoRow)
    assert made.global_id == encode(NodeKind.VIDEO, upload_id)
    assert (made.width, made.height, made.has_sound, made.alt_text) == (96, 64, True, "Colours")
    assert 0.9 <= made.duration_seconds <= 1.1
    assert made.blurhash
    assert [(one.format, one.width, one.is_square) for one in made.poster.variants] == planned_variants(96, 64)
    [variant] = made.variants
    head = await backend.storage.head(variant.key)
    assert (head.size, head.content_type) == (variant.bytes, "video/mp4")
    assert (variant.width, variant.height) == (96, 64)
    assert variant.bitrate > 0
    master = await backend.storage.head(made.hls_key)
    assert master.content_type == "application/vnd.apple.mpegurl"

    row = await row_of(backend, upload_id)
    assert {name: row["source"][name] for name in ("mime", "width", "height")} == {
        "mime": "video/mp4",
        "width": 96,
        "height": 64,
    }
    assert row["source"]["duration"] == made.duration_seconds
    keys = keys_of(row["result"])
    assert len(set(keys)) == len(keys)
    assert job.progress is not None
    assert sorted(keys) == job.progress["keys"]
    assert all([await is_stored(backend, key) for key in keys])
    assert all(key.startswith(f"variants/{job.progress['rendition']}/") for key in keys)
    assert await events_of(backend, upload_id) == ["FilmFinished", "UploadProcessed"]
    assert not list((backend.settings.data / "work").glob(f"{HANDLER}-{job.event_id}-*"))


async def test_a_film_without_sound_says_so(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film(sound=False))
    await film(backend, films, upload_id)
    made = (await alice.see(upload_id)).result
    assert isinstance(made, VideoRow)
    assert made.has_sound is False


class Killed(BaseException):
    """Power was lost."""


@pytest.mark.parametrize("point", POINTS)
async def test_killed_at_a_point_the_next_try_goes_on(
    backend: Backend, alice: Uploader, films: FilmRunner, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    upload_id = await alice.film(small_film(0.5, sound=False))

    def die(name: str) -> None:
        if name == f"process_film.{point}":
            raise Killed

    job = await begin_job(backend, upload_id, HANDLER)
    assert job is not None
    with monkeypatch.context() as patched:
        patched.setattr(filming, "crash_point", die)
        with pytest.raises(Killed):
            await process_film(films, job)
    assert (await row_of(backend, upload_id))["status"] == "PROCESSING"
    written = (job.progress or {}).get("keys", [])
    assert bool(written) == (POINTS.index(point) >= POINTS.index("after_name"))
    is_put = POINTS.index(point) >= POINTS.index("after_put")
    assert [await is_stored(backend, key) for key in written] == [is_put] * len(written)
    await film(backend, films, upload_id)
    keys = keys_of(await result_of(backend, upload_id))
    assert all([await is_stored(backend, key) for key in keys])
    assert set(written) in (set(), set(keys))
    assert await events_of(backend, upload_id) == ["FilmFinished", "UploadProcessed"]


async def test_a_second_run_changes_nothing(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film(0.5, sound=False))
    job = await film(backend, films, upload_id)
    before = dict(await row_of(backend, upload_id))
    await process_film(films, job)
    assert dict(await row_of(backend, upload_id)) == before
    assert all([await is_stored(backend, key) for key in object_keys(before)])


async def test_what_an_abandoned_try_put_is_removed(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film(0.5, sound=False))
    job = await begin_job(backend, upload_id, HANDLER)
    assert job is not None
    await backend.storage.put(LEFTOVER, b"of other renditions", "video/mp4")
    await job.save_progress({"rendition": "BBBBBBBBBBBBBBBBBBBBBB", "keys": [LEFTOVER]})
    await film(backend, films, upload_id)
    assert not await is_stored(backend, LEFTOVER)
    assert (await result_of(backend, upload_id))["hls"] == "variants/BBBBBBBBBBBBBBBBBBBBBB/master.m3u8"


async def test_a_late_try_is_stopped_before_it_writes(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film(0.5, sound=False))
    late = await begin_job(backend, upload_id, HANDLER)
    assert late is not None
    await film(backend, films, upload_id)
    await change_row(backend, upload_id, "status = 'PROCESSING'")
    with pytest.raises(Superseded):
        await process_film(films, late)
    assert (await row_of(backend, upload_id))["status"] == "PROCESSING"


async def test_cancelled_while_it_was_made_it_leaves_nothing(
    backend: Backend, alice: Uploader, films: FilmRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = await alice.film(small_film(0.5, sound=False))
    make = filming._make_film

    async def cancelled_meanwhile(*arguments: object) -> object:
        outcome = await make(*arguments)  # type: ignore[arg-type]
        await change_row(backend, upload_id, "status = 'CANCELLED'")
        return outcome

    monkeypatch.setattr(filming, "_make_film", cancelled_meanwhile)
    job = await film(backend, films, upload_id)
    assert (await alice.see(upload_id)).status is MediaStatus.CANCELLED
    assert job.progress is not None
    assert job.progress["keys"]
    assert not any([await is_stored(backend, key) for key in job.progress["keys"]])
    assert await events_of(backend, upload_id) == ["FilmFinished"]


async def test_an_outage_of_the_storage_is_no_fault_of_the_film(
    backend: Backend, alice: Uploader, films: FilmRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload_id = await alice.film(small_film(0.5, sound=False))
    job = await begin_job(backend, upload_id, HANDLER)
    assert job is not None
    with monkeypatch.context() as patched:
        patched.setattr(backend.storage, "_bucket", "not/a/bucket")
        with pytest.raises(StorageUnavailable):
            await process_film(films, job)
    await tries.fail(job, "storage away")
    assert (await row_of(backend, upload_id))["status"] == "PROCESSING"
    await film(backend, films, upload_id)
    assert (await alice.see(upload_id)).status is MediaStatus.READY


async def test_the_original_is_gone(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film())
    await backend.storage.delete([(await row_of(backend, upload_id))["object_key"]])
    await film(backend, films, upload_id)
    failed = await alice.see(upload_id)
    assert (failed.status, failed.result, failed.failure_reason) == (MediaStatus.FAILED, None, GONE)


async def test_what_is_no_film_fails_with_a_reason(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(b"Not a film, whatever its name says. " * 100)
    job = await film(backend, films, upload_id)
    failed = await alice.see(upload_id)
    assert (failed.status, failed.result) == (MediaStatus.FAILED, None)
    assert failed.failure_reason
    assert job.progress is None
    assert await events_of(backend, upload_id) == ["FilmFinished", "UploadProcessed"]


async def test_no_profile_has_a_film(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film(), purpose="AVATAR")
    await film(backend, films, upload_id)
    failed = await alice.see(upload_id)
    assert (failed.status, failed.failure_reason) == (MediaStatus.FAILED, NO_AVATAR)


@pytest.mark.parametrize(
    ("content_type", "purpose", "limits"),
    [
        ("video/mp4", "POST", (100 * 2**20, 60)),
        ("video/webm", "REEL", (100 * 2**20, 90)),
        ("video/quicktime", "STORY", (100 * 2**20, 60)),
        ("image/gif", "MESSAGE", (10 * 2**20, 60)),
        ("image/webp", "REEL", (10 * 2**20, 90)),
    ],
)
def test_how_much_a_film_may_have(content_type: str, purpose: str, limits: tuple[int, float]) -> None:
    found = limits_of(Settings(_env_file=None), {"content_type": content_type, "purpose": purpose})
    assert (found.max_bytes, found.max_seconds) == limits


async def test_the_limit_of_its_purpose_is_what_a_film_is_held_to(
    backend: Backend, alice: Uploader, films: FilmRunner
) -> None:
    short = backend.settings.model_copy(update={"video_max_seconds": 0.5, "reel_max_seconds": 2.0})
    statuses = []
    for purpose in ("POST", "REEL"):
        upload_id = await alice.film(small_film(1.5, sound=False), purpose=purpose)
        await film(replace(backend, settings=short), films, upload_id)
        statuses.append((await alice.see(upload_id)).status)
    assert statuses == [MediaStatus.FAILED, MediaStatus.READY]


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG"])
async def test_a_picture_that_moves_is_handed_over_once(
    backend: Backend, alice: Uploader, runner: ImageRunner, films: FilmRunner, file_format: str
) -> None:
    upload = await alice.finish(moving_picture(file_format), f"image/{file_format.lower()}")
    late = await begin_job(backend, upload.id, "process_upload")
    assert late is not None
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    assert await events_of(backend, upload.id) == ["UploadFinished", "FilmFinished"]
    assert (await alice.see(upload.id)).status is MediaStatus.PROCESSING
    with pytest.raises(Superseded):
        await process_upload(runner, late)
    assert await events_of(backend, upload.id) == ["UploadFinished", "FilmFinished"]
    await film(backend, films, upload.id)
    made = (await alice.see(upload.id)).result
    assert isinstance(made, VideoRow)
    assert (made.width, made.height, made.has_sound) == (64, 48, False)
    assert 0.9 <= made.duration_seconds <= 1.1


async def test_the_owner_is_told_that_a_video_is_ready(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    upload_id = await alice.film(small_film(0.5, sound=False))
    await film(backend, films, upload_id)
    await run_job(backend, upload_id, "notify_upload", notify_upload)
    sql = "SELECT kind, details ->> 'media' AS media FROM notifications WHERE recipient_id = $1 AND kind LIKE 'MEDIA%'"
    told = await backend.reader().on_shard_of(alice.id, sql, alice.id)
    assert [tuple(row) for row in told] == [("MEDIA_READY", "VIDEO")]


async def test_a_film_whose_job_was_given_up_has_failed(backend: Backend, alice: Uploader) -> None:
    upload_id = await alice.film(small_film())
    job = await begin_job(backend, upload_id, HANDLER)
    assert job is not None
    async with backend.transaction((upload_id >> 10) & 8191) as transaction:
        connection = await transaction.session.connection()
        await connection.exec_driver_sql(
            f"UPDATE deliveries SET state = 'DEAD' WHERE event_id = {job.event_id} AND handler = '{HANDLER}'"
        )
    await sweep_uploads(backend)
    failed = await alice.see(upload_id)
    assert (failed.status, failed.failure_reason) == (MediaStatus.FAILED, GIVEN_UP)


async def test_a_film_is_judged_by_its_poster(backend: Backend, alice: Uploader, films: FilmRunner) -> None:
    found = {}
    for name in ("nudity_hold_above", "nudity_reject_above"):
        strict = backend.settings.model_copy(update={"nudity_check": True, name: 0.0})
        upload_id = await alice.film(small_film(0.5, sound=False))
        job = await film(replace(backend, settings=strict), films, upload_id)
        row = await row_of(backend, upload_id)
        assert 0 < row["nudity"] < 1
        assert (await alice.see(upload_id)).result is None
        stored = [await is_stored(backend, key) for key in (job.progress or {}).get("keys", [])]
        found[row["status"]] = stored
    assert found["REJECTED"] == []  # refused before anything was put
    assert found["HELD"]
    assert all(found["HELD"])
