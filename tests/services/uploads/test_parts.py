"""Videos that are sent in parts: resumed, put together, taken back; and what is not theirs is refused."""

import asyncio
import contextlib
import re
from collections.abc import Iterator
from datetime import timedelta
from types import ModuleType
from typing import Any

import httpx
import pytest

from core import clock
from core.errors import UserErrorCode, UserFault
from media.errors import MultipartGone
from media.multiparts import ListedMultipart, Multiparts
from models.tables import MediaStatus, UploadPurpose
from services.backend import Backend
from services.uploads import parts as parts_module
from services.uploads import starting
from services.uploads.cancelling import cancel_upload
from services.uploads.discarding import discard_upload
from services.uploads.finishing import finish_upload
from services.uploads.orphans import YOUNGEST, abort_orphans
from services.uploads.parts import PartRow, part_sizes, parts_of
from services.uploads.rows import UploadRow
from services.uploads.starting import NewUpload, start_upload, start_uploads
from services.uploads.sweeping import sweep_uploads
from tests.uploading import Uploader, change_row, events_of, is_stored, row_of, run_job

MIB = 2**20
PART = 8 * MIB
FILM = bytes(range(256)) * 4 * 1024 * 8 + b"and the rest"
"""Two parts."""
OLD = clock.now() - YOUNGEST - timedelta(minutes=1)


class Killed(BaseException):
    """Power was lost."""


@contextlib.contextmanager
def killed_at(module: ModuleType, name: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is within dies at this crash point of the module."""

    def die(reached: str) -> None:
        raise Killed(reached)

    with monkeypatch.context() as patched:
        patched.setattr(module, "crash_point", die)
        with pytest.raises(Killed, match=f"^{re.escape(name)}$"):
            yield


def video(size: int = len(FILM), key: str | None = None) -> NewUpload:
    return NewUpload(UploadPurpose.POST, "video/mp4", size, "film.mp4", key)


async def parts(backend: Backend, upload: UploadRow) -> list[PartRow]:
    [found] = await parts_of(backend.storage, [upload])
    return found


async def put(part: PartRow, data: bytes = FILM, *, url: str | None = None) -> int:
    start = (part.number - 1) * PART
    async with httpx.AsyncClient() as client:
        return (await client.put(url or part.url, content=data[start : start + part.byte_size])).status_code


async def sent(backend: Backend, uploader: Uploader) -> UploadRow:
    """A film of which all parts have arrived."""
    upload = await uploader.see(await start_upload(backend, uploader.id, video()))
    assert [await put(part) for part in await parts(backend, upload)] == [200, 200]
    return upload


async def is_begun(backend: Backend, row: Any) -> bool:
    try:
        await backend.storage.multiparts.arrived(row["object_key"], row["multipart_id"])
    except MultipartGone:
        return False
    return True


async def begun(backend: Backend) -> set[str]:
    found, _ = await backend.storage.multiparts.page("originals/")
    return {one.multipart_id for one in found}


async def refusal(backend: Backend, uploader: Uploader, upload_id: int) -> UserFault:
    with pytest.raises(UserFault) as refused:
        await finish_upload(backend, uploader.id, upload_id, None)
    assert refused.value.field == ("uploadId",)
    row = await row_of(backend, upload_id)
    assert row["finished_at"] is None
    assert "FilmFinished" not in await events_of(backend, upload_id)
    return refused.value


@pytest.mark.parametrize(
    ("size", "sizes"),
    [
        (PART + 1, [PART, 1]),
        (2 * PART, [PART, PART]),
        (20 * MIB, [PART, PART, 4 * MIB]),
        (100 * MIB, [PART] * 12 + [4 * MIB]),
    ],
)
def test_how_a_file_is_divided(size: int, sizes: list[int]) -> None:
    assert part_sizes(size, PART) == dict(enumerate(sizes, 1))


async def test_a_large_film_is_sent_in_parts(backend: Backend, alice: Uploader) -> None:
    upload = await alice.see(await start_upload(backend, alice.id, video(100 * MIB)))
    assert (upload.form, upload.url, upload.method, upload.form_fields) == (None, None, None, [])
    told = await parts(backend, upload)
    assert [(part.number, part.byte_size, part.is_uploaded) for part in told] == [
        (number, size, False) for number, size in part_sizes(100 * MIB, PART).items()
    ]
    assert len({part.url for part in told}) == 13


@pytest.mark.parametrize(("content_type", "size"), [("video/mp4", PART), ("image/jpeg", 10 * MIB)])
async def test_all_else_by_a_form(backend: Backend, alice: Uploader, content_type: str, size: int) -> None:
    wanted = NewUpload(UploadPurpose.POST, content_type, size)
    upload = await alice.see(await start_upload(backend, alice.id, wanted))
    assert upload.form is not None
    assert await parts(backend, upload) == []


async def test_what_has_arrived_is_told_and_the_rest_is_sent_later(backend: Backend, alice: Uploader) -> None:
    upload = await alice.see(await start_upload(backend, alice.id, video()))
    first, last = await parts(backend, upload)
    assert await put(last) == 200
    assert [part.is_uploaded for part in await parts(backend, await alice.see(upload.id))] == [False, True]
    refused = await refusal(backend, alice, upload.id)
    assert (refused.code, refused.message) == (
        UserErrorCode.MEDIA_NOT_READY,
        "Of 2 parts these have not arrived: 1.",
    )
    assert await put(first) == 200
    await finish_upload(backend, alice.id, upload.id, None)
    finished = await alice.see(upload.id)
    assert (finished.status, await parts(backend, finished)) == (MediaStatus.PROCESSING, [])
    row = await row_of(backend, upload.id)
    stream = await backend.storage.open(row["object_key"])
    assert b"".join([chunk async for chunk in stream]) == FILM
    stream.close()
    assert stream.info.content_type == "video/mp4"
    assert await events_of(backend, upload.id) == ["FilmFinished"]


async def test_finished_many_times_it_is_processed_once(backend: Backend, alice: Uploader) -> None:
    upload = await sent(backend, alice)
    finished = await asyncio.gather(*(finish_upload(backend, alice.id, upload.id, None) for _ in range(5)))
    assert set(finished) == {upload.id}
    assert await events_of(backend, upload.id) == ["FilmFinished"]
    assert (await row_of(backend, upload.id))["version"] == 2


async def test_dead_between_storage_and_database_it_is_finished_later(
    backend: Backend, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await sent(backend, alice)
    with killed_at(parts_module, "finish_upload.after_complete", monkeypatch):
        await finish_upload(backend, alice.id, upload.id, None)
    row = await row_of(backend, upload.id)
    assert (row["status"], await is_begun(backend, row)) == ("UPLOADING", False)
    assert await parts(backend, await alice.see(upload.id)) == []
    await finish_upload(backend, alice.id, upload.id, None)
    assert await events_of(backend, upload.id) == ["FilmFinished"]


async def test_a_part_of_another_size_is_found(backend: Backend, alice: Uploader) -> None:
    """No URL takes one; who else can write to the bucket might send it."""
    upload = await sent(backend, alice)
    row = await row_of(backend, upload.id)
    await asyncio.sleep(1.1)  # the storage tells seconds

    def change(client: Any, bucket: str) -> None:
        client.upload_part(
            Bucket=bucket, Key=row["object_key"], UploadId=row["multipart_id"], PartNumber=2, Body=b"something else"
        )

    await backend.storage.administer(change)
    assert [part.is_uploaded for part in await parts(backend, upload)] == [True, False]
    assert (await refusal(backend, alice, upload.id)).code == UserErrorCode.INVALID
    assert await is_begun(backend, row)


async def test_exchanged_parts_sizes_and_owners_are_refused(
    backend: Backend, alice: Uploader, mallory: Uploader
) -> None:
    upload = await alice.see(await start_upload(backend, alice.id, video()))
    other = await mallory.see(await start_upload(backend, mallory.id, video()))
    row, others = await row_of(backend, upload.id), await row_of(backend, other.id)
    first, last = await parts(backend, upload)
    [mallorys, _] = await parts(backend, other)
    assert await put(first, url=last.url) == 403
    assert await put(last, url=first.url) == 403
    assert await put(first, FILM[: PART - 1]) == 403
    assert await put(first, url=first.url.replace("partNumber=1", "partNumber=2")) == 403
    # Mallory's URL, made to name Alice's upload in each way.
    in_part = mallorys.url.replace(others["multipart_id"], row["multipart_id"])
    assert await put(first, url=in_part) == 403
    assert await put(first, url=in_part.replace(others["object_key"], row["object_key"])) == 403
    assert [part.is_uploaded for part in await parts(backend, upload)] == [False, False]
    assert await mallory.see_all([upload.id]) == {}
    for attempt in (
        finish_upload(backend, mallory.id, upload.id, None),
        cancel_upload(backend, mallory.id, upload.id),
    ):
        with pytest.raises(UserFault) as refused:
            await attempt
        assert refused.value.code == UserErrorCode.NOT_FOUND
    assert await is_begun(backend, row)


async def test_after_expiry_no_part_is_taken(backend: Backend, alice: Uploader) -> None:
    upload = await alice.see(await start_upload(backend, alice.id, video()))
    await change_row(backend, upload.id, "expires_at = clock_now() + interval '2.5 seconds'")
    short_lived = await alice.see(upload.id)
    first, last = await parts(backend, short_lived)
    assert await put(last) == 200
    await asyncio.sleep(3)
    assert await put(first) == 403
    assert await parts(backend, short_lived) == []
    assert (await alice.see(upload.id)).in_parts is None
    assert (await refusal(backend, alice, upload.id)).code == UserErrorCode.EXPIRED


async def test_cancelled_its_parts_go_and_none_is_taken(backend: Backend, alice: Uploader) -> None:
    upload = await sent(backend, alice)
    row, told = await row_of(backend, upload.id), await parts(backend, upload)
    await cancel_upload(backend, alice.id, upload.id)
    assert await parts(backend, await alice.see(upload.id)) == []
    await run_job(backend, upload.id, "discard_upload", discard_upload)
    assert not await is_begun(backend, row)
    assert await put(told[0]) == 404


async def test_never_finished_its_parts_are_swept(backend: Backend, alice: Uploader) -> None:
    upload, fresh = await sent(backend, alice), await sent(backend, alice)
    await change_row(backend, upload.id, "expires_at = clock_now() - interval '11 minutes'")
    await sweep_uploads(backend)
    row = await row_of(backend, upload.id)
    assert (row["status"], row["objects_removed_at"] is None) == ("CANCELLED", False)
    assert not await is_begun(backend, row)
    assert await is_begun(backend, await row_of(backend, fresh.id))


async def test_put_together_but_never_finished_it_is_swept(
    backend: Backend, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = await sent(backend, alice)
    with killed_at(parts_module, "finish_upload.after_complete", monkeypatch):
        await finish_upload(backend, alice.id, upload.id, None)
    row = await row_of(backend, upload.id)
    assert await is_stored(backend, row["object_key"])
    await change_row(backend, upload.id, "expires_at = clock_now() - interval '11 minutes'")
    await sweep_uploads(backend)
    assert not await is_stored(backend, row["object_key"])


async def test_a_key_makes_one_and_leaves_nothing_begun(backend: Backend, alice: Uploader) -> None:
    before = await begun(backend)
    numbers = await asyncio.gather(*(start_upload(backend, alice.id, video(key="k")) for _ in range(4)))
    assert len(set(numbers)) == 1
    row = await row_of(backend, numbers[0])
    assert await begun(backend) - before == {row["multipart_id"]}


async def test_what_is_refused_leaves_nothing_begun(
    backend: Backend, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await begun(backend)

    async def refuse(*_: object) -> None:
        raise UserFault(UserErrorCode.QUOTA_EXCEEDED, "No more.")

    monkeypatch.setattr(starting, "_insert", refuse)
    with pytest.raises(UserFault):
        await start_uploads(backend, alice.id, [video(), video()])
    assert await begun(backend) == before


async def test_dead_before_the_database_knew_what_was_begun_is_swept(
    backend: Backend, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await begun(backend)
    with killed_at(starting, "start_upload.after_begin", monkeypatch):
        await start_upload(backend, alice.id, video())
    [orphan] = await begun(backend) - before
    kept = await row_of(backend, await start_upload(backend, alice.id, video()))
    found, _ = await backend.storage.multiparts.page("originals/")
    asked = [one for one in found if one.multipart_id in (orphan, kept["multipart_id"])]
    assert len(asked) == 2
    assert await abort_orphans(backend, asked) == 0  # young
    aged = [ListedMultipart(one.key, one.multipart_id, OLD) for one in asked]
    assert await abort_orphans(backend, aged) == 1
    assert await begun(backend) & {orphan, kept["multipart_id"]} == {kept["multipart_id"]}


async def test_the_storage_is_asked_once_about_each_that_is_being_sent(
    backend: Backend, alice: Uploader, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = await start_uploads(backend, alice.id, [video() for _ in range(4)])
    await cancel_upload(backend, alice.id, numbers[3])
    numbers.append((await alice.start(b"small", "video/mp4")).id)
    asked = []
    truly = Multiparts.arrived

    async def arrived(self: Multiparts, key: str, multipart_id: str) -> Any:
        asked.append(multipart_id)
        return await truly(self, key, multipart_id)

    monkeypatch.setattr(Multiparts, "arrived", arrived)
    uploads = await alice.see_all(numbers)
    assert asked == []
    again = await alice.see_all(numbers[:2])
    told = await parts_of(backend.storage, [*(uploads[number] for number in numbers), *again.values()])
    assert [len(one) for one in told] == [2, 2, 2, 0, 0, 2, 2]
    assert len(asked) == len(set(asked)) == 3
