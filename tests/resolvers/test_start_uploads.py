from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.pictures import small_photo
from tests.resolvers.uploading import START_SEVERAL, jpeg, send

PHOTO = small_photo(160, 120)


async def test_a_carousel_at_once(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    inputs = [jpeg(PHOTO), jpeg(PHOTO + b"x"), {**jpeg(b"12"), "contentType": "image/png"}]
    payload = (await api.data(START_SEVERAL, {"inputs": inputs}, token=person.access_token))["startUploads"]
    assert payload["userErrors"] == []
    assert len({upload["id"] for upload in payload["uploads"]}) == 3
    answers = [
        (await send(upload, data)).status_code
        for upload, data in zip(payload["uploads"], (PHOTO, PHOTO + b"x", b"12"), strict=True)
    ]
    assert answers == [204, 204, 204]


async def test_one_that_is_refused_refuses_all(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    inputs = [jpeg(PHOTO), jpeg(PHOTO), jpeg(b"")]
    payload = (await api.data(START_SEVERAL, {"inputs": inputs}, token=person.access_token))["startUploads"]
    assert payload == {
        "uploads": None,
        "userErrors": [
            {"code": "INVALID", "message": "An empty file cannot be sent.", "field": ["inputs", "2", "byteSize"]}
        ],
    }
    rows = await backend.reader().on_shard_of(person.id, "SELECT FROM uploads WHERE owner_id = $1", person.id)
    assert rows == []


async def test_too_many(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    for count, code in ((0, "TOO_SHORT"), (21, "TOO_LONG")):
        variables = {"inputs": [jpeg(PHOTO)] * count}
        payload = (await api.data(START_SEVERAL, variables, token=person.access_token))["startUploads"]
        assert payload["uploads"] is None
        assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [(code, ["inputs"])]
