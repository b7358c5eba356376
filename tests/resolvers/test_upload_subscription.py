from functools import partial

from media.runner import ImageRunner
from models.global_ids import NodeKind, decode_as, encode
from services.backend import Backend
from services.uploads.processing import process_upload
from tests.api import Api, subscriber
from tests.factories import make_user
from tests.pictures import small_photo
from tests.resolvers.uploading import WATCH, Json, finish, send, start
from tests.uploading import run_job

PHOTO = small_photo(160, 120)


async def test_what_is_now_then_each_change(api: Api, backend: Backend, socket_url: str) -> None:
    person = await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(WATCH, {"id": upload["id"]})
        now = (await client.event())["upload"]
        assert (now["status"], now["url"]) == ("UPLOADING", upload["url"])
        await send(upload, PHOTO)
        await finish(api, person.access_token, upload)
        number = decode_as(NodeKind.UPLOAD, upload["id"])
        assert number is not None
        async with ImageRunner() as runner:
            await run_job(backend, number, "process_upload", partial(process_upload, runner))
        seen: list[Json] = []
        while not seen or seen[-1]["status"] == "PROCESSING":
            seen.append((await client.event())["upload"])
        assert len(seen) > 2
        shares = [state["progress"] for state in seen]
        assert shares == sorted(shares)
        ready = seen[-1]
        assert (ready["status"], ready["progress"], ready["url"]) == ("READY", 1, None)
        image = ready["result"]
        assert (image["__typename"], image["width"], image["height"]) == ("Image", 160, 120)
        assert [(one["width"], one["format"]) for one in image["variants"]] == [
            *((150, kind) for kind in ("JPEG", "WEBP", "AVIF")),
            *((160, kind) for kind in ("JPEG", "WEBP", "AVIF")),
            *((120, kind) for kind in ("JPEG", "WEBP", "AVIF")),  # the square
        ]
        for variant in image["variants"]:
            answer = await api.client.get(variant["url"])
            assert (answer.status_code, len(answer.content)) == (200, variant["bytes"])


async def test_somebody_elses_is_as_if_it_were_not_there(api: Api, backend: Backend, socket_url: str) -> None:
    person, other = await make_user(backend), await make_user(backend)
    upload = await start(api, person.access_token, PHOTO)
    answers = []
    async with subscriber(socket_url, other.access_token) as client:
        for wanted in (upload["id"], encode(NodeKind.UPLOAD, other.id), other.global_id):
            await client.subscribe(WATCH, {"id": wanted})
            answer = await client.next()
            answers.append((answer["type"], answer["payload"]))
    assert answers[0] == answers[1] == answers[2]
    assert "There is no such upload." in str(answers[0])


async def test_an_anonymous_caller_is_refused(api: Api, backend: Backend, socket_url: str) -> None:
    upload = await start(api, (await make_user(backend)).access_token, PHOTO)
    async with subscriber(socket_url) as client:
        await client.subscribe(WATCH, {"id": upload["id"]})
        assert "UNAUTHENTICATED" in str(await client.next())
