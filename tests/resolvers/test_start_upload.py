from typing import Any

import pytest

from core.errors import RequestErrorCode
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.pictures import small_photo
from tests.resolvers.uploading import START, jpeg, see, send, start

PHOTO = small_photo(160, 120)


async def test_where_to_send_it_is_told_and_works(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    upload = await start(api, person.access_token, PHOTO, fileName="beach.jpg")
    assert (upload["status"], upload["progress"], upload["method"]) == ("UPLOADING", 0, "POST")
    assert (upload["headers"], upload["parts"], upload["result"]) == ([], [], None)
    assert (upload["capturedAt"], upload["camera"], upload["failureReason"]) == (None, None, None)
    assert {"key", "Content-Type", "policy"} <= {field["name"] for field in upload["formFields"]}
    assert (await send(upload, PHOTO)).status_code == 204
    seen = await see(api, person.access_token, upload)
    assert seen is not None
    assert (seen["id"], seen["status"], seen["expiresAt"]) == (upload["id"], "UPLOADING", upload["expiresAt"])


async def test_it_is_nobody_elses(api: Api, backend: Backend) -> None:
    upload = await start(api, (await make_user(backend)).access_token, PHOTO)
    assert await see(api, (await make_user(backend)).access_token, upload) is None
    assert await see(api, None, upload) is None


async def test_a_key_makes_one(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    first = await start(api, person.access_token, PHOTO, idempotencyKey="k")
    assert (await start(api, person.access_token, PHOTO, idempotencyKey="k"))["id"] == first["id"]
    assert (await start(api, person.access_token, PHOTO))["id"] != first["id"]


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        (
            {"contentType": "video/ogg"},
            {
                "code": "UNSUPPORTED_MEDIA",
                "message": "Files of this kind are not taken: JPEG, PNG, WebP, GIF, AVIF and HEIC pictures are, and"
                " MP4, QuickTime and WebM videos.",
                "field": ["contentType"],
            },
        ),
        (
            {"byteSize": 10 * 2**20 + 1},
            {
                "code": "MEDIA_TOO_LARGE",
                "message": "The largest picture that is taken has 10 MB.",
                "field": ["byteSize"],
            },
        ),
        (
            {"byteSize": 100 * 2**20 + 1, "contentType": "video/webm"},
            {
                "code": "MEDIA_TOO_LARGE",
                "message": "The largest video that is taken has 100 MB.",
                "field": ["byteSize"],
            },
        ),
        (
            {"purpose": "AVATAR", "contentType": "video/mp4"},
            {
                "code": "UNSUPPORTED_MEDIA",
                "message": "A profile takes a picture, not a video.",
                "field": ["contentType"],
            },
        ),
        (
            {"purpose": "REEL"},
            {
                "code": "UNSUPPORTED_MEDIA",
                "message": "A reel takes a video, or a GIF, PNG or WebP picture that moves.",
                "field": ["contentType"],
            },
        ),
    ],
)
async def test_what_is_not_taken(api: Api, backend: Backend, changed: dict[str, Any], error: dict[str, Any]) -> None:
    person = await make_user(backend)
    data = await api.data(START, {"input": jpeg(PHOTO) | changed}, token=person.access_token)
    assert data["startUpload"] == {"upload": None, "userErrors": [error]}
    rows = await backend.reader().on_shard_of(person.id, "SELECT FROM uploads WHERE owner_id = $1", person.id)
    assert rows == []


async def test_an_anonymous_caller_is_refused(api: Api) -> None:
    answer = await api(START, {"input": jpeg(PHOTO)})
    assert answer["data"] == {"startUpload": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == [RequestErrorCode.UNAUTHENTICATED]
