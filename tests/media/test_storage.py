"""Object storage, against a real one."""

import asyncio
import filecmp
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from core import clock
from core.settings import Settings
from media.errors import (
    ObjectChanged,
    ObjectMissing,
    ObjectTooLarge,
    ObjectUnchanged,
    RangeNotSatisfiable,
    StorageUnavailable,
)
from media.keys import new_token, original_key
from media.storage import ObjectStorage
from media.streams import CHUNK, ObjectStream

JPEG = "image/jpeg"


async def read(stream: ObjectStream) -> bytes:
    try:
        return b"".join([chunk async for chunk in stream])
    finally:
        stream.close()


async def test_put_and_head(storage: ObjectStorage, key: str) -> None:
    await storage.put(key, b"0123456789", JPEG)
    info = await storage.head(key)
    assert (info.size, info.content_type, info.etag) == (10, JPEG, "781e5e245d69b566979b86e28d23f2c7")
    assert abs(info.last_modified - clock.now()) < timedelta(minutes=1)


async def test_put_a_file_and_download_it(storage: ObjectStorage, key: str, phone_photo: Path, tmp_path: Path) -> None:
    await storage.put(key, phone_photo, JPEG)
    target, size = tmp_path / "back.jpg", (await storage.head(key)).size
    assert await storage.download(key, target, max_bytes=size) == size > 1_000_000
    assert filecmp.cmp(target, phone_photo, shallow=False)


async def test_a_download_is_bounded(storage: ObjectStorage, key: str, tmp_path: Path) -> None:
    await storage.put(key, b"0123456789", JPEG)
    target = tmp_path / "back"
    with pytest.raises(ObjectTooLarge):
        await storage.download(key, target, max_bytes=9)
    assert not target.exists()


async def test_a_download_of_what_was_seen(storage: ObjectStorage, key: str, tmp_path: Path) -> None:
    """What a client puts into the place of its upload after we looked at it is not taken for it."""
    await storage.put(key, b"0123456789", JPEG)
    seen = await storage.head(key)
    assert await storage.download(key, tmp_path / "back", 100, etag=seen.etag) == 10
    await storage.put(key, b"9876543210", JPEG)
    with pytest.raises(ObjectChanged):
        await storage.download(key, tmp_path / "back", 100, etag=seen.etag)


async def test_what_is_not_there(storage: ObjectStorage, key: str, tmp_path: Path) -> None:
    for attempt in (storage.head(key), storage.open(key), storage.download(key, tmp_path / "back", 100)):
        with pytest.raises(ObjectMissing) as caught:
            await attempt
        assert caught.value.key == key
    assert not (tmp_path / "back").exists()


async def test_a_stream_of_many_chunks(storage: ObjectStorage, key: str) -> None:
    body = bytes(range(256)) * 4096
    await storage.put(key, body, JPEG)
    stream = await storage.open(key)
    assert (stream.length, stream.info.size, stream.content_range, stream.is_read) == (
        len(body),
        len(body),
        None,
        False,
    )
    assert len(stream.first) == CHUNK
    assert await read(stream) == body


@pytest.mark.parametrize(
    ("asked", "expected", "content_range"),
    [
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ],
)
async def test_ranges(storage: ObjectStorage, key: str, asked: str, expected: bytes, content_range: str) -> None:
    await storage.put(key, b"0123456789", JPEG)
    stream = await storage.open(key, byte_range=asked)
    assert (stream.info.size, stream.length, stream.content_range) == (10, len(expected), content_range)
    assert stream.is_read
    assert await read(stream) == expected


async def test_conditions(storage: ObjectStorage, key: str) -> None:
    await storage.put(key, b"0123456789", JPEG)
    etag = f'"{(await storage.head(key)).etag}"'
    with pytest.raises(ObjectUnchanged):
        await storage.open(key, if_none_match=etag)
    with pytest.raises(ObjectChanged):
        await storage.open(key, etag='"other"')
    with pytest.raises(RangeNotSatisfiable):
        await storage.open(key, byte_range="bytes=10-")
    assert await read(await storage.open(key, if_none_match='"other"', etag=etag)) == b"0123456789"


async def test_an_empty_object(storage: ObjectStorage, key: str) -> None:
    await storage.put(key, b"", JPEG)
    assert await read(await storage.open(key)) == b""


async def test_delete(storage: ObjectStorage) -> None:
    keys = [original_key(new_token()) for _ in range(3)]
    for key in keys[:2]:
        await storage.put(key, b"x", JPEG)
    await storage.delete(keys)
    for key in keys:
        with pytest.raises(ObjectMissing):
            await storage.head(key)
    await storage.delete([])


async def test_more_than_a_thousand_are_deleted(storage: ObjectStorage, key: str) -> None:
    """S3 takes a thousand at once; the one that is there comes last."""
    await storage.put(key, b"x", JPEG)
    await storage.delete([original_key(new_token()) for _ in range(1000)] + [key])
    with pytest.raises(ObjectMissing):
        await storage.head(key)


async def test_a_reader_who_stops_early(storage: ObjectStorage, key: str) -> None:
    await storage.put(key, b"x" * 8 * CHUNK, JPEG)
    for _ in range(80):  # more than there are connections
        stream = await storage.open(key)
        chunks = stream.__aiter__()
        await anext(chunks)
        reading = asyncio.ensure_future(anext(chunks))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        stream.close()
    assert len(await read(await storage.open(key))) == 8 * CHUNK


async def test_the_bucket_is_made_once_and_is_private(settings: Settings, storage: ObjectStorage, key: str) -> None:
    other = settings.model_copy(update={"s3_bucket": f"other-{time.time_ns()}"})
    fresh = ObjectStorage(other)
    with pytest.raises(StorageUnavailable):
        await fresh.check()
    await asyncio.gather(*(fresh.ensure_bucket() for _ in range(4)))
    await fresh.ensure_bucket()
    await fresh.check()
    await fresh.put(key, b"private", JPEG)
    async with httpx.AsyncClient() as client:
        base = f"{other.s3_endpoint}/{other.s3_bucket}"
        assert (await client.get(f"{base}/{key}")).status_code == 403
        assert (await client.get(f"{base}/?list-type=2")).status_code == 403
        assert (await client.put(f"{base}/{key}", content=b"changed")).status_code == 403
    assert await read(await fresh.open(key)) == b"private"
    await fresh.close()


async def test_cors_that_somebody_else_set_stay(settings: Settings) -> None:
    named = {"s3_bucket": f"cors-{time.time_ns()}"}
    for origin in ("https://first.example", "https://second.example"):
        storage = ObjectStorage(settings.model_copy(update=named | {"upload_origins": [origin]}))
        await storage.ensure_bucket()
    rules = storage._client.get_bucket_cors(Bucket=storage._bucket)["CORSRules"]
    assert [(rule["AllowedOrigins"], rule["AllowedMethods"]) for rule in rules] == [
        (["https://first.example"], ["POST", "PUT"])
    ]
    await storage.close()


async def test_storage_that_does_not_answer(settings: Settings, key: str, tmp_path: Path) -> None:
    gone = ObjectStorage(settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"}))
    for attempt in (
        gone.check(),
        gone.head(key),
        gone.open(key),
        gone.put(key, b"x", JPEG),
        gone.delete([key]),
        gone.ensure_bucket(),
        gone.download(key, tmp_path / "back", 100),
    ):
        with pytest.raises(StorageUnavailable):
            await attempt
    await gone.close()


async def test_credentials_that_are_wrong(settings: Settings, key: str) -> None:
    wrong = ObjectStorage(settings.model_copy(update={"s3_access_key": "nobody"}))
    with pytest.raises(StorageUnavailable):
        await wrong.head(key)
    with pytest.raises(StorageUnavailable):
        await wrong.put(key, b"x", JPEG)
    await wrong.close()


class TestPresignedPost:
    """What a form allows, and everything else that is tried with it."""

    BODY = b"\xff\xd8\xff" + b"x" * 97

    async def send(self, url: str, fields: dict[str, str], body: bytes = BODY, file_type: str = JPEG) -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(url, data=fields, files={"file": ("holiday.jpg", body, file_type)})

    async def is_missing(self, storage: ObjectStorage, key: str) -> bool:
        try:
            await storage.head(key)
        except ObjectMissing:
            return True
        return False

    async def test_it_uploads(self, storage: ObjectStorage, settings: Settings, key: str) -> None:
        form = storage.presign_post(key, JPEG, 100)
        assert abs((form.expires_at - datetime.now(UTC)).total_seconds() - settings.upload_seconds) < 5
        answer = await self.send(form.url, form.fields)
        assert answer.status_code == 204
        info = await storage.head(key)
        assert (info.size, info.content_type) == (100, JPEG)
        assert await read(await storage.open(key)) == self.BODY

    async def test_the_type_is_the_forms_not_the_files(self, storage: ObjectStorage, key: str) -> None:
        form = storage.presign_post(key, JPEG, 100)
        assert (await self.send(form.url, form.fields, file_type="text/html")).status_code == 204
        assert (await storage.head(key)).content_type == JPEG

    @pytest.mark.parametrize("size", [0, 1, 99, 101, 100_000])
    async def test_another_size(self, storage: ObjectStorage, key: str, size: int) -> None:
        form = storage.presign_post(key, JPEG, 100)
        answer = await self.send(form.url, form.fields, b"x" * size)
        assert answer.status_code == 400
        assert await self.is_missing(storage, key)

    @pytest.mark.parametrize(
        "changes",
        [
            {"Content-Type": "text/html"},
            {"Content-Type": "image/jpeg; charset=html"},
            {"Content-Type": None},
            {"x-amz-signature": "0" * 64},
            {"x-amz-signature": None},
            {"x-amz-date": "20250101T000000Z"},
            {"x-amz-credential": "nobody/20250101/us-east-1/s3/aws4_request"},
            {"policy": "e30="},
            {"policy": None},
            {"x-amz-meta-note": "smuggled"},
        ],
    )
    async def test_another_field(self, storage: ObjectStorage, key: str, changes: dict[str, str | None]) -> None:
        form = storage.presign_post(key, JPEG, 100)
        fields = {name: value for name, value in (form.fields | changes).items() if value is not None}
        answer = await self.send(form.url, fields)
        assert 400 <= answer.status_code < 500
        assert await self.is_missing(storage, key)

    async def test_another_key(self, storage: ObjectStorage, key: str) -> None:
        other = original_key(new_token())
        await storage.put(other, b"somebody else's", JPEG)
        form = storage.presign_post(key, JPEG, 100)
        for tried in (other, f"{key}/../{other}", f"{key}x", "", "${filename}"):
            answer = await self.send(form.url, form.fields | {"key": tried})
            assert 400 <= answer.status_code < 500, tried
        assert await read(await storage.open(other)) == b"somebody else's"
        assert await self.is_missing(storage, key)

    async def test_another_bucket(self, storage: ObjectStorage, settings: Settings, key: str) -> None:
        other = ObjectStorage(settings.model_copy(update={"s3_bucket": f"bucket-{time.time_ns()}"}))
        await other.ensure_bucket()
        form = storage.presign_post(key, JPEG, 100)
        answer = await self.send(other.presign_post(key, JPEG, 100).url, form.fields)
        assert answer.status_code == 403
        assert await self.is_missing(other, key)
        await other.close()

    async def test_an_object_is_not_made_public_by_it(self, storage: ObjectStorage, key: str) -> None:
        form = storage.presign_post(key, JPEG, 100)
        await self.send(form.url, form.fields | {"acl": "public-read"})
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{form.url}/{key}")).status_code == 403

    async def test_after_its_time(self, settings: Settings, storage: ObjectStorage, key: str) -> None:
        brief = ObjectStorage(settings.model_copy(update={"upload_seconds": 1}))
        form = brief.presign_post(key, JPEG, 100)
        await asyncio.sleep(1.5)
        answer = await self.send(form.url, form.fields)
        assert answer.status_code == 403
        assert "expired" in answer.text
        assert await self.is_missing(storage, key)
        await brief.close()

    async def test_after_the_time_asked_for(self, storage: ObjectStorage, key: str) -> None:
        """A form given out again for an upload begun earlier ends with that upload."""
        form = storage.presign_post(key, JPEG, 100, seconds=2)
        assert 0 < (form.expires_at - clock.now()).total_seconds() <= 2
        assert (await self.send(form.url, form.fields)).status_code == 204
        await storage.delete([key])
        await asyncio.sleep(2.5)
        assert (await self.send(form.url, form.fields)).status_code == 403
        assert await self.is_missing(storage, key)

    def test_it_names_the_public_endpoint(self, settings: Settings, key: str) -> None:
        public = settings.model_copy(update={"s3_public_endpoint": "https://uploads.example"})
        form = ObjectStorage(public).presign_post(key, JPEG, 100)
        assert form.url == f"https://uploads.example/{settings.s3_bucket}"
        assert form.fields["key"] == key
        assert form.fields["Content-Type"] == JPEG
