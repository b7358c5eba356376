"""The ways through the whole house, with every part real: of a photograph from a phone to a follower's home feed, of a
film to whoever plays it."""

import asyncio
import io
import statistics
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urljoin

import imageio_ffmpeg
import pytest
from PIL import Image

from core import clock
from core.embedded.stack import Stack
from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api, Subscriber, subscriber
from tests.factories import PASSWORD, make_user, new_username
from tests.filming import moving_picture, small_film
from tests.pictures import phone_photo
from tests.resolvers.uploading import WATCH, finish, send, start
from tests.uploading import Uploader
from tests.workers.town import Fleet, clear_outbox, tell

WORKERS = ("fast", "fanout", "media")
REGISTER = """
    mutation ($input: RegisterInput!) { register(input: $input) {
        accessToken viewer { user { id } } userErrors { message } } }
"""
FOLLOW = "mutation ($input: FollowInput!) { follow(input: $input) { userErrors { message } } }"
CREATE = "mutation ($input: CreatePostInput!) { createPost(input: $input) { post { id } userErrors { message } } }"
FEED = """
    { viewer { homeFeed(first: 20) { nodes { ... on Post { id caption author { username }
        media {
            ... on Image { id altText width height variants { url width height format bytes } }
            ... on Video { id altText width height durationSeconds hasSound hlsUrl poster { url } variants { url } } }
        } } } } }
"""
NOTIFICATIONS = "{ viewer { notifications { nodes { kind subject { ... on Upload { id status } } } } } }"

Json = dict[str, Any]


@pytest.fixture(scope="module")
async def workers(stack: Stack, backend: Backend) -> AsyncIterator[None]:
    """The relay and a worker of each family."""
    await backend.storage.ensure_bucket()
    await clear_outbox(backend)
    fleet = Fleet(stack)
    await fleet.start_relay()
    for family in WORKERS:
        await fleet.start(f"worker-{family}", "workers.run", family)
    yield
    await stack.supervisor.stop(["relay", *(f"worker-{family}" for family in WORKERS)])


async def ready(client: Subscriber) -> Json:
    """The upload that is watched, when it is no longer on its way."""
    while True:
        upload: Json = (await client.event(seconds=60))["upload"]
        if upload["status"] not in ("UPLOADING", "PROCESSING"):
            return upload


async def posted(api: Api, token: str, upload: Json, caption: str) -> str:
    variables = {"input": {"media": [{"uploadId": upload["id"]}], "caption": caption}}
    payload = (await api.data(CREATE, variables, token=token))["createPost"]
    assert payload["userErrors"] == []
    number: str = payload["post"]["id"]
    return number


async def in_feed(api: Api, token: str, post_id: str, seconds: float = 30, feed: str = "homeFeed") -> Json:
    async with asyncio.timeout(seconds):
        while True:
            posts = (await api.data(FEED.replace("homeFeed", feed), token=token))["viewer"][feed]["nodes"]
            if found := [post for post in posts if post["id"] == post_id]:
                post: Json = found[0]
                return post
            await asyncio.sleep(0.01)


async def registered(api: Api) -> tuple[str, str]:
    """Access token and id of somebody new."""
    name = new_username()
    given = {"username": name, "email": f"{name}@example.com", "password": PASSWORD}
    payload = (await api.data(REGISTER, {"input": given}))["register"]
    assert payload["userErrors"] == []
    return payload["accessToken"], payload["viewer"]["user"]["id"]


async def test_from_a_phone_to_a_followers_home_feed(api: Api, socket_url: str, workers: None) -> None:
    photo = phone_photo()
    token, author_id = await registered(api)
    follower, _ = await registered(api)
    assert (await api.data(FOLLOW, {"input": {"userId": author_id}}, token=follower))["follow"]["userErrors"] == []

    upload = await start(api, token, photo, fileName="IMG_0001.jpg")
    async with subscriber(socket_url, token) as client:
        await client.subscribe(WATCH, {"id": upload["id"]})
        assert (await send(upload, photo)).status_code == 204
        assert (await finish(api, token, upload, altText="Coffee"))["userErrors"] == []
        done = await ready(client)
    assert (done["status"], done["progress"], done["camera"]) == ("READY", 1, "Heliograph Phone 1")
    assert done["capturedAt"] == "2025-06-01T10:30:45+00:00"

    post = await in_feed(api, follower, await posted(api, token, upload, "From above"))
    [image] = post["media"]
    assert (post["caption"], image["altText"]) == ("From above", "Coffee")
    assert (image["width"], image["height"]) == (3024, 4032)
    assert [(one["width"], one["format"]) for one in image["variants"]] == [
        (width, kind) for width in (150, 320, 640, 1080, 150) for kind in ("JPEG", "WEBP", "AVIF")
    ]
    *upright, jpeg, webp, avif = image["variants"]
    for variant in image["variants"]:
        await assert_clean(api, variant)
    assert all(one["height"] > one["width"] for one in upright)
    assert {(one["width"], one["height"]) for one in (jpeg, webp, avif)} == {(150, 150)}
    await assert_told(api, token, "MEDIA_READY", upload["id"])


async def test_a_film_is_played_by_a_follower(
    api: Api, backend: Backend, socket_url: str, server_url: str, workers: None
) -> None:
    author, follower = await make_user(backend), await make_user(backend)
    await api.data(FOLLOW, {"input": {"userId": author.global_id}}, token=follower.access_token)
    uploader = Uploader(backend, author.id)
    number = await uploader.film(small_film(2.0), purpose="REEL", alt_text="Colours")
    upload = {"id": encode(NodeKind.UPLOAD, number)}
    async with subscriber(socket_url, author.access_token) as client:
        await client.subscribe(WATCH, upload)
        done = await ready(client)
    assert (done["status"], done["progress"], done["result"]["__typename"]) == ("READY", 1, "Video")

    post_id = await posted(api, author.access_token, upload, "Round and round")
    post = await in_feed(api, follower.access_token, post_id)
    assert await in_feed(api, follower.access_token, post_id, feed="reelsFeed") == post
    [film] = post["media"]
    assert (film["altText"], film["width"], film["height"], film["hasSound"]) == ("Colours", 96, 64, True)
    assert 1.9 < film["durationSeconds"] < 2.1
    poster = await api.client.get(film["poster"]["url"])
    assert (poster.status_code, poster.headers["content-type"]) == (200, "image/jpeg")
    for url in (film["hlsUrl"], film["variants"][0]["url"]):
        assert await played(urljoin(server_url, url)) == pytest.approx(film["durationSeconds"], abs=0.15)
    await assert_told(api, author.access_token, "MEDIA_READY", upload["id"])


async def test_a_picture_that_moves_is_played(
    api: Api, backend: Backend, socket_url: str, server_url: str, workers: None
) -> None:
    author, data = await make_user(backend), moving_picture("GIF")
    upload = await start(api, author.access_token, data, contentType="image/gif")
    async with subscriber(socket_url, author.access_token) as client:
        await client.subscribe(WATCH, {"id": upload["id"]})
        assert (await send(upload, data)).status_code == 204
        assert (await finish(api, author.access_token, upload))["userErrors"] == []
        done = await ready(client)
    assert (done["status"], done["result"]["__typename"]) == ("READY", "Video")
    post_id = await posted(api, author.access_token, upload, "Round and round")
    [film] = (await in_feed(api, author.access_token, post_id))["media"]
    assert (film["width"], film["height"], film["hasSound"]) == (64, 48, False)
    assert await played(urljoin(server_url, film["hlsUrl"])) == pytest.approx(1, abs=0.15)


async def played(url: str) -> float:
    """The seconds that ffmpeg shows of what it plays from the server; it stops at the first fault."""
    process = await asyncio.create_subprocess_exec(
        imageio_ffmpeg.get_ffmpeg_exe(),
        *("-v", "error", "-xerror", "-nostats", "-progress", "pipe:1", "-i", url, "-f", "null", "-"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, faults = await process.communicate()
    assert (process.returncode, faults) == (0, b"")
    reached = [line.partition("=")[2] for line in said.decode().splitlines() if line.startswith("out_time_us=")]
    return int(reached[-1]) / 1e6


async def assert_clean(api: Api, variant: Json) -> None:
    answer = await api.client.get(variant["url"])
    assert (answer.status_code, len(answer.content)) == (200, variant["bytes"])
    with Image.open(io.BytesIO(answer.content)) as picture:
        picture.load()
        assert picture.format == variant["format"]
        assert picture.size == (variant["width"], variant["height"])
        assert dict(picture.getexif()) == {}
        assert not {"exif", "xmp", "icc_profile", "photoshop"} & picture.info.keys()


async def assert_told(api: Api, token: str, kind: str, upload_id: str) -> None:
    async with asyncio.timeout(20):
        while True:
            nodes = (await api.data(NOTIFICATIONS, token=token))["viewer"]["notifications"]["nodes"]
            if told := [node["subject"] for node in nodes if node["kind"] == kind]:
                assert told == [{"id": upload_id, "status": kind.removeprefix("MEDIA_")}]
                return
            await asyncio.sleep(0.05)


async def test_a_file_that_is_no_picture_is_told_so(api: Api, socket_url: str, backend: Backend, workers: None) -> None:
    data = b"Not a picture, whatever its name says. " * 100
    person = await make_user(backend)
    upload = await start(api, person.access_token, data, fileName="photo.jpg")
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(WATCH, {"id": upload["id"]})
        await send(upload, data)
        await finish(api, person.access_token, upload)
        failed = await ready(client)
    assert (failed["status"], failed["result"]) == ("FAILED", None)
    assert failed["failureReason"].startswith("This file is not a picture.")
    await assert_told(api, person.access_token, "MEDIA_FAILED", upload["id"])
    variables = {"input": {"media": [{"uploadId": upload["id"]}]}}
    payload = (await api.data(CREATE, variables, token=person.access_token))["createPost"]
    assert payload["post"] is None
    assert payload["userErrors"] != []


@pytest.mark.drill
@pytest.mark.timeout(600)
async def test_how_long_it_takes(api: Api, backend: Backend, socket_url: str, workers: None) -> None:
    photo = phone_photo()
    author, follower = await make_user(backend), await make_user(backend)
    await api.data(FOLLOW, {"input": {"userId": author.global_id}}, token=follower.access_token)
    to_ready: list[float] = []
    to_feed: list[float] = []
    async with subscriber(socket_url, author.access_token) as client:
        for number in range(21):
            upload = await start(api, author.access_token, photo)
            await client.subscribe(WATCH, {"id": upload["id"]})
            assert (await send(upload, photo)).status_code == 204
            began = clock.monotonic()
            await finish(api, author.access_token, upload)
            assert (await ready(client))["status"] == "READY"
            to_ready.append(clock.monotonic() - began)
            began = clock.monotonic()
            await in_feed(api, follower.access_token, await posted(api, author.access_token, upload, str(number)))
            to_feed.append(clock.monotonic() - began)
    # The first waits for workers that are still starting.
    for name, seconds in (("finishUpload to READY", to_ready[1:]), ("createPost to the follower's feed", to_feed[1:])):
        cuts = statistics.quantiles(seconds, n=20)
        tell(f"{name}: p50 {statistics.median(seconds):.2f} s, p95 {cuts[-1]:.2f} s of {len(seconds)}")
    assert statistics.median(to_ready) < 10
    assert statistics.median(to_feed) < 5
