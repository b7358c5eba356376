import asyncio
import base64
import json
from datetime import timedelta

import pytest

from core import clock
from core.errors import UserErrorCode, UserFault
from media.containers import SUPPORTED
from models.ids import shard_of
from models.tables import MediaStatus, UploadPurpose
from services.backend import Backend
from services.uploads.starting import NewUpload, start_upload, start_uploads
from tests.uploading import Uploader, row_of

PHOTO = NewUpload(UploadPurpose.POST, "image/jpeg", 1234, "beach.jpg")


async def test_an_upload_is_announced(backend: Backend, alice: Uploader) -> None:
    upload_id = await start_upload(backend, alice.id, PHOTO)
    assert shard_of(upload_id) == shard_of(alice.id)
    upload = await alice.see(upload_id)
    assert (upload.status, upload.progress, upload.result) == (MediaStatus.UPLOADING, 0, None)
    assert upload.method == "POST"
    left = upload.expires_at - clock.now()
    assert timedelta(seconds=backend.settings.upload_seconds - 10) < left
    assert left <= timedelta(seconds=backend.settings.upload_seconds)
    row = await row_of(backend, upload_id)
    assert (row["owner_id"], row["purpose"], row["file_name"]) == (alice.id, "POST", "beach.jpg")


async def test_the_form_fixes_key_type_size_and_end(backend: Backend, alice: Uploader) -> None:
    upload = await alice.see(await start_upload(backend, alice.id, PHOTO))
    fields = {field.name: field.value for field in upload.form_fields}
    row = await row_of(backend, upload.id)
    assert fields["key"] == row["object_key"]
    assert fields["Content-Type"] == "image/jpeg"
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert ["content-length-range", 1234, 1234] in policy["conditions"]
    assert {"Content-Type": "image/jpeg"} in policy["conditions"]
    assert {"key": row["object_key"]} in policy["conditions"]
    # Seen again later, it does not live longer.
    ends = policy["expiration"].replace("Z", "+00:00")
    assert ends <= upload.expires_at.isoformat()


async def test_a_name_is_stored_as_it_was_checked(backend: Backend, alice: Uploader) -> None:
    wanted = NewUpload(UploadPurpose.POST, "image/jpeg", 10, "e\u0301" * 255 + " " * 9000)
    row = await row_of(backend, await start_upload(backend, alice.id, wanted))
    assert row["file_name"] == "é" * 255


@pytest.mark.parametrize(
    ("wanted", "code", "field"),
    [
        (NewUpload(UploadPurpose.POST, "image/tiff", 10), UserErrorCode.UNSUPPORTED_MEDIA, "contentType"),
        (NewUpload(UploadPurpose.POST, "image/jpeg\0", 10), UserErrorCode.UNSUPPORTED_MEDIA, "contentType"),
        (NewUpload(UploadPurpose.POST, "video/x-matroska", 10), UserErrorCode.UNSUPPORTED_MEDIA, "contentType"),
        (NewUpload(UploadPurpose.AVATAR, "video/mp4", 10), UserErrorCode.UNSUPPORTED_MEDIA, "contentType"),
        (NewUpload(UploadPurpose.REEL, "image/jpeg", 10), UserErrorCode.UNSUPPORTED_MEDIA, "contentType"),
        (NewUpload(UploadPurpose.REEL, "image/avif", 10), UserErrorCode.UNSUPPORTED_MEDIA, "contentType"),
        (NewUpload(UploadPurpose.POST, "video/mp4", 100 * 2**20 + 1), UserErrorCode.MEDIA_TOO_LARGE, "byteSize"),
        (NewUpload(UploadPurpose.POST, "image/png", 0), UserErrorCode.INVALID, "byteSize"),
        (NewUpload(UploadPurpose.POST, "image/png", -1), UserErrorCode.INVALID, "byteSize"),
        (NewUpload(UploadPurpose.POST, "image/png", 10 * 2**20 + 1), UserErrorCode.MEDIA_TOO_LARGE, "byteSize"),
        (NewUpload(UploadPurpose.POST, "image/png", 10, "x" * 256), UserErrorCode.TOO_LONG, "fileName"),
        (NewUpload(UploadPurpose.POST, "image/png", 10, "a\0b"), UserErrorCode.INVALID, "fileName"),
        (NewUpload(UploadPurpose.POST, "image/png", 10, None, "k" * 201), UserErrorCode.TOO_LONG, "idempotencyKey"),
        (
            NewUpload(UploadPurpose.POST, "image/png", 10, None, "k" + " " * 9000),
            UserErrorCode.TOO_LONG,
            "idempotencyKey",
        ),
        (NewUpload(UploadPurpose.POST, "image/png", 10, None, ""), UserErrorCode.INVALID, "idempotencyKey"),
    ],
)
async def test_what_is_not_taken_leaves_nothing(
    backend: Backend, alice: Uploader, wanted: NewUpload, code: UserErrorCode, field: str
) -> None:
    with pytest.raises(UserFault) as refused:
        await start_upload(backend, alice.id, wanted)
    assert (refused.value.code, refused.value.field) == (code, (field,))
    with pytest.raises(UserFault) as refused:
        await start_uploads(backend, alice.id, [PHOTO, wanted])
    assert (refused.value.code, refused.value.field) == (code, ("inputs", "1", field))
    rows = await backend.reader().on_shard_of(alice.id, "SELECT FROM uploads WHERE owner_id = $1", alice.id)
    assert rows == []


async def test_the_largest_is_taken(backend: Backend, alice: Uploader) -> None:
    largest = NewUpload(UploadPurpose.AVATAR, "image/webp", backend.settings.upload_max_bytes, "n" * 255)
    assert (await alice.see(await start_upload(backend, alice.id, largest))).form_fields


@pytest.mark.parametrize(
    ("purpose", "content_type"),
    [
        *((UploadPurpose.POST, content_type) for content_type in SUPPORTED),
        (UploadPurpose.STORY, "video/quicktime"),
        (UploadPurpose.MESSAGE, "video/x-m4v"),
        (UploadPurpose.AVATAR, "image/heif"),
        (UploadPurpose.REEL, "video/webm"),
        (UploadPurpose.REEL, "image/gif"),
        (UploadPurpose.REEL, "image/apng"),
    ],
)
async def test_pictures_and_films_are_taken(
    backend: Backend, alice: Uploader, purpose: UploadPurpose, content_type: str
) -> None:
    row = await row_of(backend, await start_upload(backend, alice.id, NewUpload(purpose, content_type, 10)))
    assert (row["purpose"], row["content_type"]) == (purpose.value, content_type)


async def test_several_at_once_in_their_order(backend: Backend, alice: Uploader) -> None:
    wanted = [NewUpload(UploadPurpose.POST, "image/jpeg", 100 + place) for place in range(20)]
    started = await start_uploads(backend, alice.id, wanted)
    assert [(await row_of(backend, number))["byte_size"] for number in started] == list(range(100, 120))


@pytest.mark.parametrize(("count", "code"), [(0, UserErrorCode.TOO_SHORT), (21, UserErrorCode.TOO_LONG)])
async def test_too_few_or_many_at_once(backend: Backend, alice: Uploader, count: int, code: UserErrorCode) -> None:
    with pytest.raises(UserFault) as refused:
        await start_uploads(backend, alice.id, [PHOTO] * count)
    assert (refused.value.code, refused.value.field) == (code, ("inputs",))


async def test_a_key_makes_one_upload(backend: Backend, alice: Uploader, mallory: Uploader) -> None:
    keyed = NewUpload(UploadPurpose.POST, "image/jpeg", 1234, None, "key 1")
    numbers = await asyncio.gather(*(start_upload(backend, alice.id, keyed) for _ in range(10)))
    assert len(set(numbers)) == 1
    rows = await backend.reader().on_shard_of(alice.id, "SELECT FROM uploads WHERE owner_id = $1", alice.id)
    assert len(rows) == 1
    assert await start_upload(backend, mallory.id, keyed) not in numbers
    other = NewUpload(UploadPurpose.POST, "image/jpeg", 1234, None, "key 2")
    assert (await start_uploads(backend, alice.id, [keyed, other]))[0] == numbers[0]
