"""A video in parts over a line that is cut: it arrives as it was, and only from whom it is."""

import asyncio
import hashlib
import random

import httpx

from models.global_ids import NodeKind, decode_as
from services.backend import Backend
from tests.api import Api
from tests.cutting import CuttingProxy
from tests.factories import Person, make_user
from tests.resolvers.uploading import CANCEL, Json, data_of, finish, see, send_in_parts, start
from tests.uploading import events_of, row_of

MIB = 2**20
PART = 8 * MIB
NOT_THERE = [{"code": "NOT_FOUND", "message": "There is no such upload.", "field": ["uploadId"]}]
START_AGAIN = {"contentType": "video/mp4", "idempotencyKey": "film"}


async def arrives_though_cut(api: Api, backend: Backend, person: Person, data: bytes, cuts: list[int]) -> Json:
    """Sent, cut and resumed, finished, and found byte for byte in the storage: the payload of `finishUpload`. Also
    told is what was sent (`received`) and how often each part was begun (`begun`)."""
    token = person.access_token
    upload = await start(api, token, data, **START_AGAIN)
    assert (upload["url"], upload["method"], upload["formFields"]) == (None, None, [])
    proxy = CuttingProxy(cuts)
    async with proxy.before(upload["parts"][0]["url"]):
        begun = await send_in_parts(api, token, upload, data, proxy)
    assert proxy.cuts == len(cuts)
    assert sum(begun) == len(begun) + len(cuts)  # each cut cost the part that was on its way, and no other
    payload = await finish(api, token, upload, altText="A film", keepLocation=True)
    assert payload["userErrors"] == []
    number = decode_as(NodeKind.UPLOAD, upload["id"])
    assert number is not None
    stream = await backend.storage.open((await row_of(backend, number))["object_key"])
    digest = hashlib.sha256()
    async for chunk in stream:
        digest.update(chunk)
    stream.close()
    assert digest.hexdigest() == hashlib.sha256(data).hexdigest()
    assert (stream.info.size, stream.info.content_type) == (len(data), "video/mp4")
    assert await events_of(backend, number) == ["FilmFinished"]
    return {**payload, "received": proxy.received, "begun": begun}


async def status_of(url: str, data: bytes) -> int:
    async with httpx.AsyncClient(timeout=30) as client:
        return (await client.put(url, content=data)).status_code


async def refuses_what_is_exchanged(api: Api, owner: Person, other: Person, data: bytes) -> list[int]:
    """The storage's answers to each PUT that is not what was signed."""
    upload = await start(api, owner.access_token, data, contentType="video/mp4")
    others = await start(api, other.access_token, data, contentType="video/mp4")
    parts = upload["parts"]
    first, last = data_of(upload, 1, data), data_of(upload, len(parts), data)
    answers = [
        await status_of(parts[-1]["url"], first),
        await status_of(parts[0]["url"], last),
        await status_of(parts[0]["url"], first + b"x"),
        await status_of(parts[0]["url"], first[:-1]),
        await status_of(parts[0]["url"].replace("partNumber=1", "partNumber=2"), first),
        # The path of one with the signature of the other.
        await status_of(parts[0]["url"].split("?")[0] + "?" + others["parts"][0]["url"].split("?")[1], first),
        await status_of(others["parts"][0]["url"].split("?")[0] + "?" + parts[0]["url"].split("?")[1], first),
    ]
    for one, person in ((upload, owner), (others, other)):
        seen = await see(api, person.access_token, one)
        assert seen is not None
        assert not any(part["isUploaded"] for part in seen["parts"])
    assert await see(api, other.access_token, upload) is None
    assert await finish(api, other.access_token, upload) == {"upload": None, "userErrors": NOT_THERE}
    cancelled = await api.data(CANCEL, {"input": {"uploadId": upload["id"]}}, token=other.access_token)
    assert cancelled["cancelUpload"] == {"upload": None, "userErrors": NOT_THERE}
    return answers


async def test_cut_three_times_it_arrives_byte_for_byte(api: Api, backend: Backend) -> None:
    data = random.Random(1).randbytes(20 * MIB)
    cuts = [PART // 2, PART * 2, PART * 3 - 1000]
    payload = await arrives_though_cut(api, backend, await make_user(backend), data, cuts)
    assert payload["upload"]["status"] == "PROCESSING"
    assert (payload["upload"]["parts"], payload["upload"]["url"]) == ([], None)


async def test_what_is_exchanged_is_refused(api: Api, backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    data = random.Random(2).randbytes(PART + MIB)
    assert await refuses_what_is_exchanged(api, owner, other, data) == [403] * 7


async def test_asked_for_again_it_is_the_same_upload(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    data = random.Random(3).randbytes(PART + 1)
    first, again = await asyncio.gather(*(start(api, person.access_token, data, **START_AGAIN) for _ in range(2)))
    assert first["id"] == again["id"]
    assert await status_of(first["parts"][1]["url"], data[PART:]) == 200
    resumed = await start(api, person.access_token, data, **START_AGAIN)
    assert resumed["id"] == first["id"]
    assert [(part["number"], part["byteSize"], part["isUploaded"]) for part in resumed["parts"]] == [
        (1, PART, False),
        (2, 1, True),
    ]
    refused = await finish(api, person.access_token, resumed)
    assert refused == {
        "upload": None,
        "userErrors": [
            {"code": "MEDIA_NOT_READY", "message": "Of 2 parts these have not arrived: 1.", "field": ["uploadId"]}
        ],
    }
