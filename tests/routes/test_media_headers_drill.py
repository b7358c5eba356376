"""What a browser is told of each kind of object, and how soon a URL that was given out is dead: asked of an API of two
processes, as `cli.py up` runs it."""

import asyncio
import string
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from rich.progress import track

from core import clock
from core.embedded.stack import attached
from core.settings import Settings
from media.signing import CachePolicy, Grant
from models.global_ids import NodeKind, encode
from models.tables import MediaStatus
from services.accounts.profile import update_profile
from services.accounts.suspension import suspend
from services.backend import Backend
from services.posts.archive import archive_post
from services.posts.attaching import NewMedia
from services.posts.create import NewPost, create_post
from services.posts.delete import delete_post
from services.uploads.rows import keys_of
from tests.api import Api
from tests.commands.stacks import start_up
from tests.factories import Person, make_user
from tests.filming import small_film
from tests.pictures import small_photo
from tests.posting import links, post_row
from tests.uploading import Uploader, row_of
from tests.workers.town import tell

pytestmark = [pytest.mark.drill, pytest.mark.timeout(300)]

SAFE = {
    "content-disposition": "inline",
    "content-security-policy": "default-src 'none'; sandbox",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
    "accept-ranges": "bytes",
    "access-control-allow-origin": "*",
}
"""Of whatever is served."""
SHOWN = (
    *("content-type", "content-length", "content-range", "cache-control", "surrogate-key", "cache-tag", "etag"),
    *("last-modified", "vary", "access-control-expose-headers", *SAFE),
)
PUBLIC = "public, max-age=300, s-maxage=2592000, must-revalidate, immutable"
AVATAR = "public, max-age=300, s-maxage=86400, must-revalidate, immutable"
HLS = "application/vnd.apple.mpegurl"
PRIVATE = "private, max-age=300, must-revalidate, immutable"
ORIGIN = {"Origin": "https://app.example"}
GIVEN = """query ($id: ID!) { node(id: $id) {
    ... on Image { variants { url format width } }
    ... on Video { hlsUrl variants { url height } poster { variants { url format width } } }
    ... on User { avatar { variants { url format width } } } } }"""
CONNECTIONS = 12
"""So many at once that each of the two processes takes some."""


@dataclass(slots=True)
class House:
    backend: Backend
    client: httpx.AsyncClient

    async def made(self, person: Person, kind: str = "photo", purpose: str = "POST") -> Any:
        """The row of an upload, once the workers have made it READY."""
        uploader = Uploader(self.backend, person.id)
        if kind == "film":
            upload_id = await uploader.film(small_film(3, size="640x480"), purpose=purpose)
        else:
            upload_id = (await uploader.finish(small_photo(1200, 800), purpose=purpose)).id
        async with asyncio.timeout(60):
            while (row := await row_of(self.backend, upload_id))["status"] == MediaStatus.PROCESSING.value:
                await asyncio.sleep(0.1)
        assert row["status"] == MediaStatus.READY.value, row["failure_reason"]
        return row

    async def post(self, person: Person, kind: str = "photo") -> tuple[int, Any]:
        """A post's id, and what it holds of its one picture or film."""
        upload_id = (await self.made(person, kind))["id"]
        post_id = await create_post(self.backend, links(self.backend), person.id, NewPost([NewMedia(upload_id)]))
        [inline] = (await post_row(self.backend, post_id))["media"]
        return post_id, inline

    async def given(self, viewer: Person, kind: NodeKind, number: int) -> Any:
        """What the API tells the viewer of a picture, a film, or somebody's avatar."""
        variables = {"id": encode(kind, number)}
        found = await Api(self.client).data(GIVEN, variables, token=viewer.access_token)
        return found["node"].get("avatar", found["node"])

    async def answers(self, url: str) -> list[int]:
        """Over several connections at once, of which each process takes some."""
        asked = (self.client.get(url, headers={"Connection": "close"}) for _ in range(CONNECTIONS))
        return [answer.status_code for answer in await asyncio.gather(*asked)]


@pytest.fixture(scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    folder = tmp_path_factory.mktemp("house")
    up = await start_up(folder / "data", "--processes=2", errors=folder / "errors")
    own = Settings(data=folder / "data", database_urls=[], redis_url="", queue_url="", s3_endpoint="")
    backend = await Backend.open(attached(own))
    async with httpx.AsyncClient(base_url=up.url, timeout=30) as client:
        yield House(backend, client)
    await backend.close()
    await up.terminate()


def ended(inline: Any, end: str) -> str:
    """The first key that ends so."""
    return next(key for key in keys_of(inline) if key.endswith(end))


def of(picture: Any, form: str) -> str:
    """The URL of its first variant in this format."""
    return str(next(one["url"] for one in picture["variants"] if one["format"] == form))


def last(key: str) -> str:
    return key.rpartition("/")[2]


async def test_headers_of_each_kind_of_object(house: House) -> None:
    alice, hidden, bob = [await make_user(house.backend, is_private=is_hidden) for is_hidden in (False, True, False)]
    _, photo = await house.post(alice)
    _, film = await house.post(alice, "film")
    _, secret = await house.post(hidden)
    face = await house.made(alice, purpose="AVATAR")
    await update_profile(house.backend, alice.viewer, {"avatar_upload_id": face["id"]})
    shown = await house.given(bob, NodeKind.IMAGE, photo["id"])
    played = await house.given(bob, NodeKind.VIDEO, film["id"])
    own = await house.given(hidden, NodeKind.IMAGE, secret["id"])
    avatar = await house.given(bob, NodeKind.USER, alice.id)
    master, poster = played["hlsUrl"], played["poster"]
    part = {"Range": "bytes=100-199"}
    name = next(one for one in map(last, film["files"]) if one.endswith("p.m3u8")).removesuffix(".m3u8")
    asked = [
        *(
            (f"public post, {form}", of(shown, form), {}, 200, f"image/{form.lower()}", PUBLIC)
            for form in sorted({one["format"] for one in shown["variants"]})
        ),
        ("private post, JPEG", of(own, "JPEG"), {}, 200, "image/jpeg", PRIVATE),
        ("avatar, JPEG", of(avatar, "JPEG"), {}, 200, "image/jpeg", AVATAR),
        ("film, poster", of(poster, "JPEG"), {}, 200, "image/jpeg", PUBLIC),
        ("film, master playlist", master, {}, 200, HLS, PUBLIC),
        ("film, media playlist", urljoin(master, f"{name}.m3u8"), {}, 200, HLS, PUBLIC),
        ("film, segment", urljoin(master, f"{name}.mp4"), part, 206, "video/mp4", PUBLIC),
        ("film, one file", played["variants"][0]["url"], {}, 200, "video/mp4", PUBLIC),
    ]
    for what, url, more, status, content_type, caching in asked:
        answer = await house.client.get(url, headers=ORIGIN | more)
        found = {header: answer.headers[header] for header in SHOWN if header in answer.headers}
        tell(f"{what}: {answer.status_code}")
        for header, value in found.items():
            tell(f"    {header}: {value}")
        assert answer.status_code == status
        assert {header: found.get(header) for header in SAFE} == SAFE
        assert (found["content-type"], found["cache-control"]) == (content_type, caching)
        assert ("surrogate-key" in found) is caching.startswith("public")
        again = await house.client.get(url, headers=ORIGIN | {"If-None-Match": found["etag"]})
        assert again.status_code == 304

    original, signer = (await row_of(house.backend, photo["id"]))["object_key"], house.backend.signer
    for policy in CachePolicy:
        answer = await house.client.get(signer.sign(original, Grant(alice.id, 0, policy)))
        assert (answer.status_code, answer.headers["cache-control"]) == (404, "no-store")
    tell("original, signed by ourselves for each policy: 404 no-store")


def changed(url: str) -> list[str]:
    """With one character other than it is, behind `/media/`: two others for each."""
    allowed = string.ascii_letters + string.digits + "-_"
    made = []
    for place in range(len("/media/"), len(url)):
        at = allowed.find(url[place])
        others = (allowed[(at + step) % len(allowed)] for step in (1, 7))
        made += [f"{url[:place]}{other}{url[place + 1 :]}" for other in others]
    return made


async def test_a_url_that_was_changed_or_is_old(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await make_user(house.backend)
    _, film = await house.post(alice, "film")
    _, photo = await house.post(alice)
    grant, signer = Grant(alice.id, 0, CachePolicy.PUBLIC), house.backend.signer
    token, name = film["hls"].split("/")[1:]
    picture = ended(photo, "640.jpg")
    for what, url in (("picture", signer.sign(picture, grant)), ("stream", signer.sign_stream(token, name, grant))):
        others = changed(url)
        statuses = [(await house.client.get(one)).status_code for one in track(others, what)]
        assert (await house.client.get(url)).status_code == 200
        assert set(statuses) == {404}
        tell(f"{what}: {len(url) - len('/media/')} characters, each changed in 2 ways: {statuses.count(404)} x 404")
    bucket, now = house.backend.settings.media_url_seconds, clock.timestamp()
    for ago, status in ((0, 200), (1, 200), (2, 404), (3, 404)):
        with monkeypatch.context() as moved:
            moved.setattr(clock, "timestamp", lambda ago=ago: now - ago * bucket)
            given = [signer.sign(picture, grant), signer.sign_stream(token, name, grant)]
        assert [(await house.client.get(url)).status_code for url in given] == [status] * 2
        tell(f"given out {ago} x {bucket} s ago: {status}")


Act = Callable[[House, Person, int], Awaitable[object]]
ACTS: dict[str, Act] = {
    "went private": lambda house, owner, _: update_profile(house.backend, owner.viewer, {"is_private": True}),
    "archived": lambda house, owner, post: archive_post(house.backend, links(house.backend), owner.id, post),
    "deleted": lambda house, owner, post: delete_post(house.backend, links(house.backend), owner.id, post),
    "suspended": lambda house, owner, _: suspend(house.backend, owner.id),
}


@pytest.mark.parametrize("what", ACTS)
@pytest.mark.parametrize("kind", ["photo", "film"])
async def test_seconds_until_what_was_withdrawn_is_dead(house: House, kind: str, what: str) -> None:
    owner = await make_user(house.backend)
    post_id, inline = await house.post(owner, kind)
    viewer = await make_user(house.backend)
    shown = await house.given(viewer, NodeKind.VIDEO if kind == "film" else NodeKind.IMAGE, inline["id"])
    poster = shown.get("poster", {"variants": []})
    urls = [one["url"] for one in (*shown["variants"], *poster["variants"])]
    if kind == "film":
        urls += [shown["hlsUrl"], *(urljoin(shown["hlsUrl"], last(key)) for key in inline["files"])]
    assert [await house.answers(url) for url in urls] == [[200] * CONNECTIONS] * len(urls)
    called = clock.monotonic()
    await ACTS[what](house, owner, post_id)
    began, polls, still = clock.monotonic(), 0, 0
    while alive := (await house.answers(urls[-1])).count(200):
        polls, still = polls + 1, still + alive
        assert clock.monotonic() - began < 60
    dead = clock.monotonic() - began
    assert [await house.answers(url) for url in urls] == [[404] * CONNECTIONS] * len(urls)
    tell(
        f"{kind}, {what}, {len(urls)} URLs: the change took {began - called:.3f} s; dead in both processes "
        f"{dead:.3f} s behind it, {still} answers of {(polls + 1) * CONNECTIONS} showed it still"
    )
