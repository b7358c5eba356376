from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.pictures import small_photo
from tests.resolvers.uploading import FINISH, finish, see, send, start

PHOTO = small_photo(160, 120)
NOT_THERE = [{"code": "NOT_FOUND", "message": "There is no such upload.", "field": ["uploadId"]}]


async def test_what_has_arrived_is_processed(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    await send(upload, PHOTO)
    payload = await finish(api, person.access_token, upload, altText="A beach")
    assert payload["userErrors"] == []
    finished = payload["upload"]
    assert (finished["id"], finished["status"]) == (upload["id"], "PROCESSING")
    assert (finished["url"], finished["method"], finished["formFields"]) == (None, None, [])
    again = await finish(api, person.access_token, upload, altText="Another")
    assert again["userErrors"] == []
    assert again["upload"]["id"] == upload["id"]
    [row] = await backend.reader().on_shard_of(
        person.id, "SELECT alt_text, version FROM uploads WHERE owner_id = $1", person.id
    )
    assert tuple(row) == ("A beach", 2)


async def test_what_is_to_be_made_of_it_is_kept(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    await send(upload, PHOTO)
    recipe = {
        "filter": "GINGHAM",
        "crop": {"x": 0, "y": 0.25, "width": 1, "height": 0.5},
        "adjust": {"brightness": 0.5, "vignette": None},
        "keepLocation": True,
        "watermark": "Alice",
    }
    for wrong, field in (
        ({"crop": {**recipe["crop"], "height": 0.8}}, ["crop", "height"]),  # type: ignore[dict-item]
        ({"adjust": {"contrast": -1.5}}, ["adjust", "contrast"]),
        ({"watermark": "two\nlines"}, ["watermark"]),
    ):
        refused = await finish(api, person.access_token, upload, **{**recipe, **wrong})
        assert [(error["code"], error["field"]) for error in refused["userErrors"]] == [("INVALID", field)]
    assert (await finish(api, person.access_token, upload, **recipe))["userErrors"] == []
    assert (await finish(api, person.access_token, upload))["userErrors"] == []
    [row] = await backend.reader().on_shard_of(person.id, "SELECT recipe FROM uploads WHERE owner_id = $1", person.id)
    assert row["recipe"] == {
        "filter": "GINGHAM",
        "crop": {"x": 0, "y": 0.25, "width": 1, "height": 0.5},
        "adjust": {"brightness": 0.5, "contrast": 0, "saturation": 0, "warmth": 0, "vignette": 0},
        "watermark": "Alice",
        "keep_location": True,
    }


async def test_a_video_is_not_edited(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    upload = await start(api, person.access_token, b"moving", contentType="video/mp4")
    assert (await send(upload, b"moving")).status_code == 204
    refused = await finish(api, person.access_token, upload, filter="MOON", keepLocation=True)
    assert refused == {
        "upload": None,
        "userErrors": [
            {"code": "INVALID", "message": "This is for pictures: a video stays as it is.", "field": ["filter"]}
        ],
    }
    finished = await finish(api, person.access_token, upload, filter="NONE", keepLocation=True)
    assert (finished["userErrors"], finished["upload"]["status"]) == ([], "PROCESSING")


async def test_what_has_not_arrived(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    payload = await finish(api, person.access_token, upload)
    assert payload["upload"] is None
    assert [(error["code"], error["field"]) for error in payload["userErrors"]] == [("MEDIA_NOT_READY", ["uploadId"])]
    seen = await see(api, person.access_token, upload)
    assert seen is not None
    assert seen["status"] == "UPLOADING"


async def test_nobody_elses(api: Api, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    await send(upload, PHOTO)
    unknown = {"id": encode(NodeKind.UPLOAD, other.id)}
    of_another_kind = {"id": other.global_id}
    on_no_shard = {"id": encode(NodeKind.UPLOAD, 8191 << 10)}
    for wanted in (upload, unknown, of_another_kind, on_no_shard):
        assert await finish(api, other.access_token, wanted) == {"upload": None, "userErrors": NOT_THERE}
    seen = await see(api, person.access_token, upload)
    assert seen is not None
    assert seen["status"] == "UPLOADING"


async def test_an_id_that_is_none(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    answer = await api(FINISH, {"input": {"uploadId": "nonsense"}}, token=person.access_token)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_ID"]
    answer = await api(FINISH, {"input": {"uploadId": encode(NodeKind.UPLOAD, 1)}})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]
