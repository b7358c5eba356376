from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.pictures import small_photo
from tests.resolvers.uploading import CANCEL, Json, finish, see, send, start

PHOTO = small_photo(160, 120)


async def cancel(api: Api, person: Person, upload: Json) -> Json:
    variables = {"input": {"uploadId": upload["id"]}}
    payload: Json = (await api.data(CANCEL, variables, token=person.access_token))["cancelUpload"]
    return payload


async def test_taken_back(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    await send(upload, PHOTO)
    for _ in range(2):
        payload = await cancel(api, person, upload)
        assert payload["userErrors"] == []
        assert (payload["upload"]["status"], payload["upload"]["url"]) == ("CANCELLED", None)
    refused = await finish(api, person.access_token, upload)
    assert [error["code"] for error in refused["userErrors"]] == ["NOT_ALLOWED"]


async def test_nobody_elses(api: Api, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    assert await cancel(api, other, upload) == {
        "upload": None,
        "userErrors": [{"code": "NOT_FOUND", "message": "There is no such upload.", "field": ["uploadId"]}],
    }
    seen = await see(api, person.access_token, upload)
    assert seen is not None
    assert seen["status"] == "UPLOADING"
