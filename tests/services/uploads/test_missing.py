"""What is missing is found by its name, of each upload that is shown or held, and of no other."""

from functools import partial
from typing import Any

import pytest

from core.errors import ShardUnavailable
from media.film.runner import FilmRunner
from media.pictures import ImageFormat
from media.runner import ImageRunner
from models.reads.reader import Reader
from services.backend import Backend
from services.uploads import missing as missing_module
from services.uploads.filming import process_film
from services.uploads.missing import Lacking, missing, planned_names, still_missing
from services.uploads.processing import process_upload
from services.uploads.rows import keys_of
from tests.filming import small_film
from tests.pictures import encoded, photograph, small_photo
from tests.uploading import Uploader, change_row, row_of, run_job


async def picture(backend: Backend, owner: Uploader, runner: ImageRunner, data: bytes) -> dict[str, Any]:
    upload = await owner.finish(data)
    await run_job(backend, upload.id, "process_upload", partial(process_upload, runner))
    return dict(await row_of(backend, upload.id))


async def film(backend: Backend, owner: Uploader, *, sound: bool) -> dict[str, Any]:
    upload_id = await owner.film(small_film(0.5, sound=sound))
    async with FilmRunner() as films:
        await run_job(backend, upload_id, "process_film", partial(process_film, films))
    return dict(await row_of(backend, upload_id))


async def found(backend: Backend, row: dict[str, Any], **options: Any) -> Lacking | None:
    """What is said of this upload when all from it on are looked at."""
    async for one in missing(backend, after=row["id"] - 1, **options):
        if one.upload_id >= row["id"]:
            return one if one.upload_id == row["id"] else None
    return None


@pytest.mark.parametrize("size", [(1200, 900), (640, 640), (200, 100), (100, 60), (100, 100)])
async def test_of_a_picture_that_was_made_a_moment_ago_nothing_is_missing(
    backend: Backend, alice: Uploader, runner: ImageRunner, size: tuple[int, int]
) -> None:
    row = await picture(backend, alice, runner, encoded(photograph().resize(size), quality=60))
    names = {key.rpartition("/")[2] for key in keys_of(row["result"])}
    assert planned_names(row["result"]) == names
    assert await found(backend, row) is None


@pytest.mark.parametrize("sound", [True, False])
async def test_nor_of_a_film(backend: Backend, alice: Uploader, *, sound: bool) -> None:
    row = await film(backend, alice, sound=sound)
    assert planned_names(row["result"]) == {key.rpartition("/")[2] for key in keys_of(row["result"])}
    assert await found(backend, row) is None
    await backend.storage.delete([row["result"]["hls"], row["result"]["poster"]["variants"][0]["key"]])
    lacking = await found(backend, row)
    assert lacking is not None
    poster = row["result"]["poster"]["variants"][0]["key"].rpartition("/")[2]
    assert lacking.names == ("master.m3u8", poster)


async def test_objects_that_are_gone_or_cut_short_are_named(
    backend: Backend, alice: Uploader, runner: ImageRunner
) -> None:
    row = await picture(backend, alice, runner, small_photo())
    first, second, *_ = keys_of(row["result"])
    await backend.storage.delete([first])
    await backend.storage.put(second, b"half", "image/webp")
    names = sorted(key.rpartition("/")[2] for key in (first, second))
    assert await found(backend, row) == Lacking(row["id"], alice.id, "READY", tuple(names))
    assert await found(backend, row, with_objects=False) is None
    await backend.storage.delete([row["object_key"]])
    assert await still_missing(backend, [row["id"]]) == [
        Lacking(row["id"], alice.id, "READY", (*names, "original")),
    ]


async def test_a_picture_that_each_has_by_now_is_named(
    backend: Backend, alice: Uploader, runner: ImageRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = await picture(backend, alice, runner, small_photo())
    await change_row(backend, row["id"], "status = 'HELD'")

    def planned(*_: int) -> list[tuple[ImageFormat, int, bool]]:
        return [(ImageFormat.JPEG, 150, False), (ImageFormat.AVIF, 77, False), (ImageFormat.WEBP, 77, True)]

    monkeypatch.setattr(missing_module, "planned_variants", planned)
    for with_objects in (True, False):
        assert await found(backend, row, with_objects=with_objects) == Lacking(
            row["id"], alice.id, "HELD", ("77.avif", "77s.webp")
        )


@pytest.mark.parametrize("status", ["REJECTED", "CANCELLED", "FAILED"])
async def test_what_is_shown_no_more_lacks_nothing(
    backend: Backend, alice: Uploader, runner: ImageRunner, status: str
) -> None:
    row = await picture(backend, alice, runner, small_photo())
    await backend.storage.delete(keys_of(row["result"]))
    await change_row(backend, row["id"], f"status = '{status}'")
    assert await found(backend, row) is None
    assert await still_missing(backend, [row["id"]]) == []


async def test_all_are_looked_at_page_by_page_in_the_order_of_their_ids(
    backend: Backend, alice: Uploader, mallory: Uploader, runner: ImageRunner, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [await picture(backend, owner, runner, small_photo(160, 120)) for owner in (alice, mallory, alice)]
    await backend.storage.delete([key for row in rows for key in keys_of(row["result"])])
    monkeypatch.setattr(missing_module, "PAGE", 2)
    told: list[tuple[int, int]] = []
    seen = [
        one.upload_id async for one in missing(backend, after=rows[0]["id"] - 1, track=lambda *said: told.append(said))
    ]
    ids = [row["id"] for row in rows]
    assert [number for number in seen if number in ids] == ids == sorted(ids)
    assert told[-1] == (len(seen), seen[-1])
    assert [one.upload_id async for one in missing(backend, after=ids[1])] == [
        number for number in seen if number > ids[1]
    ]


async def test_where_a_node_does_not_tell_nothing_is_said(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: Reader, *_: object) -> list[object]:
        reader.unavailable.add(1)
        return []

    monkeypatch.setattr(Reader, "on_every_node", silent)
    with pytest.raises(ShardUnavailable):
        [one async for one in missing(backend)]
