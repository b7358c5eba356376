"""The gateway: pictures for whoever holds a URL that we signed, as a browser gets them."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest
from starlette.applications import Starlette

from core import clock
from core.settings import Settings
from media import streams
from media.keys import content_type_of, new_token, original_key, rendition_of, variant_key
from media.pictures import ImageFormat
from media.signing import CachePolicy, Grant, MediaSigner
from media.storage import ObjectStorage
from media.streams import CHUNK
from routes.media import media_route

BODY = b"0123456789"
ETAG = '"781e5e245d69b566979b86e28d23f2c7"'
DAY = 86_400
NOT_FOUND = (404, b"Not found.\n", "no-store")


OURS = Grant(1 << 50, 3, CachePolicy.PRIVATE)


class Withdrawn(set[str]):
    """The set of withdrawn renditions, which can be out of reach. `asked` is what the gateway last asked for."""

    fault: Exception | None = None
    asked: Grant | None = None

    async def ask(self, rendition: str, grant: Grant) -> bool:
        self.asked = grant
        if self.fault is not None:
            raise self.fault
        return rendition in self


@pytest.fixture
def withdrawn() -> Withdrawn:
    return Withdrawn()


@pytest.fixture(scope="module")
def signer() -> MediaSigner:
    return MediaSigner("a secret of thirty-two characters", DAY)


@pytest.fixture
def app(storage: ObjectStorage, signer: MediaSigner, withdrawn: Withdrawn) -> Starlette:
    return Starlette(routes=[media_route(storage, signer, withdrawn.ask)])


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        yield client


@pytest.fixture(scope="module")
async def key(storage: ObjectStorage) -> str:
    key = variant_key(new_token(), 640, ImageFormat.WEBP)
    await storage.put(key, BODY, "image/webp")
    return key


@pytest.fixture(scope="module")
async def large(storage: ObjectStorage) -> str:
    key = variant_key(new_token(), 1080, ImageFormat.JPEG)
    await storage.put(key, bytes(range(256)) * (20 * CHUNK // 256), "image/jpeg")
    return key


def seen(answer: httpx.Response) -> tuple[int, bytes, str]:
    return answer.status_code, answer.content, answer.headers["cache-control"]


async def test_the_whole_picture(client: httpx.AsyncClient, signer: MediaSigner, key: str) -> None:
    answer = await client.get(signer.sign(key, OURS))
    assert (answer.status_code, answer.content) == (200, BODY)
    modified = parsedate_to_datetime(answer.headers.pop("last-modified"))
    assert abs((clock.now() - modified).total_seconds()) < 120
    assert dict(answer.headers) == {
        "content-type": "image/webp",
        "content-length": "10",
        "content-disposition": "inline",
        "content-security-policy": "default-src 'none'; sandbox",
        "cross-origin-resource-policy": "cross-origin",
        "x-content-type-options": "nosniff",
        "accept-ranges": "bytes",
        "etag": ETAG,
        "cache-control": "private, max-age=300, must-revalidate, immutable",
    }


@pytest.mark.parametrize(
    ("policy", "caching"),
    [
        (CachePolicy.PUBLIC, "public, max-age=300, s-maxage=2592000, must-revalidate, immutable"),
        (CachePolicy.AVATAR, "public, max-age=300, s-maxage=86400, must-revalidate, immutable"),
        (CachePolicy.STORY, "public, max-age=300, s-maxage=3600, must-revalidate, immutable"),
        (CachePolicy.PRIVATE, "private, max-age=300, must-revalidate, immutable"),
    ],
)
@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-1"}, {"If-None-Match": ETAG}])
async def test_who_keeps_what(
    *,
    client: httpx.AsyncClient,
    signer: MediaSigner,
    withdrawn: Withdrawn,
    key: str,
    policy: CachePolicy,
    caching: str,
    is_stream: bool,
    headers: dict[str, str],
) -> None:
    """Where a shared cache may keep it, the answer says what to purge it by."""
    grant = Grant(1 << 50, 3, policy)
    token = str(rendition_of(key))
    url = signer.sign_stream(token, "640.webp", grant) if is_stream else signer.sign(key, grant)
    answer = await client.get(url, headers=headers)
    assert answer.status_code in (200, 206, 304)
    assert answer.headers["cache-control"] == caching
    is_shared = policy is not CachePolicy.PRIVATE
    assert answer.headers.get("surrogate-key") == (f"{token} o-{1 << 50}" if is_shared else None)
    assert answer.headers.get("cache-tag") == (f"{token},o-{1 << 50}" if is_shared else None)
    assert withdrawn.asked == grant
    described = await client.head(url, headers=headers)
    assert {name: described.headers.get(name) for name in ("cache-control", "cache-tag")} == {
        name: answer.headers.get(name) for name in ("cache-control", "cache-tag")
    }


@pytest.fixture(scope="module")
async def token(storage: ObjectStorage) -> str:
    token = new_token()
    for name, body in (("master.m3u8", b"#EXTM3U\n720p.m3u8\n"), ("720p.mp4", BODY), ("720p-1.m4s", BODY)):
        await storage.put(f"variants/{token}/{name}", body, content_type_of(name))
    return token


class TestStream:
    """A film: its playlists name the others relatively, and all of them are behind one signature."""

    async def test_a_relative_name_works(self, client: httpx.AsyncClient, signer: MediaSigner, token: str) -> None:
        url = signer.sign_stream(token, "master.m3u8", OURS)
        answer = await client.get(url)
        assert (answer.status_code, answer.content) == (200, b"#EXTM3U\n720p.m3u8\n")
        assert answer.headers["content-type"] == "application/vnd.apple.mpegurl"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["content-disposition"] == "inline"
        beside = await client.get(urljoin(url, "720p.mp4"), headers={"Range": "bytes=2-4"})
        assert (beside.status_code, beside.content, beside.headers["content-range"]) == (206, b"234", "bytes 2-4/10")
        assert (beside.headers["content-type"], beside.headers["accept-ranges"]) == ("video/mp4", "bytes")
        part = await client.get(urljoin(url, "720p-1.m4s"))
        assert (part.status_code, part.headers["content-type"]) == (200, "video/iso.segment")

    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_one_character_changed(
        self, *, client: httpx.AsyncClient, signer: MediaSigner, token: str, method: str
    ) -> None:
        """Of each part; and what is missing, withdrawn or of another's token is answered alike."""
        url = signer.sign_stream(token, "master.m3u8", OURS)
        _, _, _, mark, expires, policy, signature, *_ = url.split("/")
        owner, epoch = mark.split(".")
        made = "/media/stream/{}/{}/{}/{}/{}/{}".format
        refused = [
            made(f"B{owner[1:]}.{epoch}", expires, policy, signature, token, "master.m3u8"),
            made(f"{owner}.4", expires, policy, signature, token, "master.m3u8"),
            made(mark, int(expires) + 1, policy, signature, token, "master.m3u8"),
            made(mark, expires, "p", signature, token, "master.m3u8"),
            made(mark, expires, policy, signature[:-1] + ("0" if signature[-1] != "0" else "1"), token, "master.m3u8"),
            made(mark, expires, policy, signature, ("0" if token[0] != "0" else "1") + token[1:], "master.m3u8"),
            made(mark, expires, policy, signature, token, "master.m3u9"),
            made(mark, expires, policy, signature, token, "..%2F..%2Foriginals"),
            made(mark, expires, policy, signature, token, "%2E"),
            made(mark, expires, policy, signature, token, "%2E%2E"),
            made(mark, expires, policy, signature, token, "MASTER.m3u8"),
            made(mark, expires, policy, signature, token, ""),
            made(mark, expires, policy, "", token, "master.m3u8"),
            f"/media/stream/{token}?o={mark}&e={expires}&c={policy}&s={signature}",
            f"/media/variants/{token}/master.m3u8?o={mark}&e={expires}&c={policy}&s={signature}",
        ]
        answers = [await client.request(method, one) for one in refused]
        assert [(answer.status_code, answer.headers["cache-control"]) for answer in answers] == [
            (404, "no-store")
        ] * len(refused)
        assert len({(str(answer.headers), answer.content) for answer in answers}) == 1
        assert (await client.request(method, url)).status_code == 200

    async def test_withdrawn_and_after_its_time(
        self,
        *,
        client: httpx.AsyncClient,
        signer: MediaSigner,
        withdrawn: Withdrawn,
        token: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        urls = [signer.sign_stream(token, name, OURS) for name in ("master.m3u8", "720p.mp4", "720p-1.m4s")]
        assert [(await client.get(url)).status_code for url in urls] == [200] * 3
        withdrawn.add(token)
        assert [seen(await client.get(url)) for url in urls] == [NOT_FOUND] * 3
        assert withdrawn.asked == OURS
        withdrawn.clear()
        expires = int(urls[0].split("/")[4])
        monkeypatch.setattr(clock, "timestamp", lambda: expires - 40.0)
        caching = "private, max-age=40, must-revalidate, immutable"
        assert [(await client.get(url)).headers["cache-control"] for url in urls] == [caching] * 3
        monkeypatch.setattr(clock, "timestamp", lambda: float(expires))
        assert [seen(await client.get(url)) for url in urls] == [NOT_FOUND] * 3


async def test_a_browser_keeps_nothing_beyond_the_expiry(
    client: httpx.AsyncClient, signer: MediaSigner, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = signer.sign(key, OURS)
    expires = int(url.partition("&e=")[2].partition("&")[0])
    monkeypatch.setattr(clock, "timestamp", lambda: expires - 40.0)
    assert seen(await client.get(url)) == (200, BODY, "private, max-age=40, must-revalidate, immutable")
    monkeypatch.setattr(clock, "timestamp", lambda: float(expires))
    assert seen(await client.get(url)) == NOT_FOUND


async def test_head(client: httpx.AsyncClient, signer: MediaSigner, key: str) -> None:
    url = signer.sign(key, OURS)
    answer, whole = await client.head(url), await client.get(url)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers == whole.headers
    assert (await client.head(url, headers={"If-None-Match": ETAG})).status_code == 304


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_everything_refused_is_refused_alike(
    *,
    client: httpx.AsyncClient,
    signer: MediaSigner,
    storage: ObjectStorage,
    withdrawn: Withdrawn,
    key: str,
    method: str,
) -> None:
    missing = variant_key(new_token(), 640, ImageFormat.WEBP)
    original = original_key(new_token())
    await storage.put(original, b"with GPS", "image/jpeg")
    gone = variant_key(new_token(), 150, ImageFormat.JPEG)
    await storage.put(gone, BODY, "image/jpeg")
    withdrawn.add(str(rendition_of(gone)))
    url = signer.sign(key, OURS)
    path, _, query = url.partition("?")
    refused = [
        path,
        f"{path}?e=1&c=v&s=0",
        f"{path}?o=&e=1&c=v&s=0",
        url.replace(".3&", ".4&"),
        url.replace("?o=A", "?o=B"),
        url.replace("c=v", "c=a"),
        url[:-1] + ("0" if url[-1] != "0" else "1"),
        url.replace("c=v", "c=p"),
        url.replace("640.webp", "150.webp"),
        MediaSigner("another secret of thirty-two chars", DAY).sign(key, OURS),
        signer.sign(missing, OURS),
        signer.sign(original, OURS),
        signer.sign(gone, OURS),
        f"/media/?{query}",
        f"/media/variants/..%2Foriginals%2F{original}?{query}",
    ]
    answers = [await client.request(method, one) for one in refused]
    body = b"Not found.\n" if method == "GET" else answers[0].content
    assert [seen(answer) for answer in answers] == [(404, body, "no-store")] * len(refused)
    assert len({str(answer.headers) for answer in answers}) == 1
    assert (await client.request(method, url)).status_code == 200


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "headers",
    [
        {"If-None-Match": ETAG},
        {"If-None-Match": "*"},
        {"If-Modified-Since": "Sat, 29 Oct 2044 19:43:31 GMT"},
        {"Range": "bytes=0-1"},
        {"Range": "bytes=999-"},
        {"Range": "bytes=0-1", "If-Range": ETAG},
    ],
)
async def test_of_what_is_withdrawn_nothing_is_told(
    *,
    client: httpx.AsyncClient,
    signer: MediaSigner,
    withdrawn: Withdrawn,
    key: str,
    method: str,
    headers: dict[str, str],
) -> None:
    """Also to a browser that only asks whether what it has still holds."""
    before = await client.request(method, signer.sign(key, OURS), headers=headers)
    withdrawn.add(str(rendition_of(key)))
    answer = await client.request(method, signer.sign(key, OURS), headers=headers)
    body = b"Not found.\n" if method == "GET" else b""
    assert seen(answer) == (404, body, "no-store")
    assert dict(answer.headers) == {"cache-control": "no-store", "content-type": "text/plain; charset=utf-8"} | {
        "content-length": "11"
    }
    withdrawn.clear()
    after = await client.request(method, signer.sign(key, OURS), headers=headers)
    assert (after.status_code, after.headers) == (before.status_code, before.headers)
    assert before.status_code in (200, 206, 304, 416)


async def test_unknown_is_hidden(
    client: httpx.AsyncClient, signer: MediaSigner, withdrawn: Withdrawn, key: str
) -> None:
    withdrawn.fault = ConnectionError("Redis is away")
    answer = await client.get(signer.sign(key, OURS))
    assert seen(answer) == (503, b"Try again.\n", "no-store")
    assert answer.headers["retry-after"] == "1"


async def test_storage_that_is_away(settings: Settings, signer: MediaSigner, withdrawn: Withdrawn, key: str) -> None:
    gone = ObjectStorage(settings.model_copy(update={"s3_endpoint": "http://127.0.0.1:9"}))
    app = Starlette(routes=[media_route(gone, signer, withdrawn.ask)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        assert seen(await client.get(signer.sign(key, OURS))) == (503, b"Try again.\n", "no-store")
    await gone.close()


@pytest.mark.parametrize(
    ("asked", "body", "content_range"),
    [
        ("bytes=0-0", b"0", "bytes 0-0/10"),
        ("bytes=2-4", b"234", "bytes 2-4/10"),
        ("bytes=7-", b"789", "bytes 7-9/10"),
        ("bytes=-3", b"789", "bytes 7-9/10"),
        ("bytes=-100", BODY, "bytes 0-9/10"),
        ("bytes=5-100", b"56789", "bytes 5-9/10"),
    ],
)
async def test_a_part(
    *, client: httpx.AsyncClient, signer: MediaSigner, key: str, asked: str, body: bytes, content_range: str
) -> None:
    answer = await client.get(signer.sign(key, OURS), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (206, body)
    assert answer.headers["content-range"] == content_range
    assert answer.headers["content-length"] == str(len(body))
    assert (answer.headers["etag"], answer.headers["content-type"]) == (ETAG, "image/webp")


@pytest.mark.parametrize("asked", ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=999999999999-"])
async def test_a_part_beyond_the_end(client: httpx.AsyncClient, signer: MediaSigner, key: str, asked: str) -> None:
    answer = await client.get(signer.sign(key, OURS), headers={"Range": asked})
    assert seen(answer) == (416, b"", "no-store")
    assert answer.headers["content-range"] == "bytes */10"


@pytest.mark.parametrize(
    "asked", ["bytes=4-2", "bytes=", "bytes=-", "bytes=a-b", "lines=0-1", "bytes=0-1,3-4", "bytes=1-2x", ""]
)
async def test_a_range_that_means_nothing_is_ignored(
    client: httpx.AsyncClient, signer: MediaSigner, key: str, asked: str
) -> None:
    answer = await client.get(signer.sign(key, OURS), headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, BODY)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"If-None-Match": ETAG}, 304),
        ({"If-None-Match": f"W/{ETAG}"}, 304),
        ({"If-None-Match": ETAG, "Range": "bytes=0-1"}, 304),
        ({"If-None-Match": '"other"'}, 200),
        ({"If-None-Match": "no etag"}, 200),
        ({"If-None-Match": '"other"', "Range": "bytes=0-1"}, 206),
        ({"If-Range": ETAG, "Range": "bytes=0-1"}, 206),
        ({"If-Range": '"other"', "Range": "bytes=0-1"}, 200),
        ({"If-Range": f"W/{ETAG}", "Range": "bytes=0-1"}, 200),
        ({"If-Range": "Sat, 29 Oct 1994 19:43:31 GMT", "Range": "bytes=0-1"}, 200),
    ],
)
async def test_conditions(
    *, client: httpx.AsyncClient, signer: MediaSigner, key: str, headers: dict[str, str], status: int
) -> None:
    answer = await client.get(signer.sign(key, OURS), headers=headers)
    assert answer.status_code == status
    assert answer.content == {200: BODY, 206: b"01", 304: b""}[status]
    assert answer.headers["etag"] == ETAG
    assert answer.headers["cache-control"] == "private, max-age=300, must-revalidate, immutable"


async def test_a_large_picture_and_a_part_of_it(client: httpx.AsyncClient, signer: MediaSigner, large: str) -> None:
    body = bytes(range(256)) * (20 * CHUNK // 256)
    answer = await client.get(signer.sign(large, OURS))
    assert (answer.status_code, answer.headers["content-length"]) == (200, str(len(body)))
    assert answer.content == body
    answer = await client.get(signer.sign(large, OURS), headers={"Range": f"bytes=1000-{5 * CHUNK}"})
    assert answer.status_code == 206
    assert answer.content == body[1000 : 5 * CHUNK + 1]


async def test_other_methods(client: httpx.AsyncClient, signer: MediaSigner, key: str) -> None:
    assert (await client.post(signer.sign(key, OURS))).status_code == 405
    assert (await client.delete(signer.sign(key, OURS))).status_code == 405


async def test_a_slow_reader_who_leaves(
    app: Starlette, signer: MediaSigner, large: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is read ahead of the reader, and nothing is held once the reader is gone."""
    path, _, query = signer.sign(large, OURS).partition("?")
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "headers": [],
    }
    reads = 0
    closed = 0
    real_read = streams.read_chunk

    def read(body: Any) -> bytes:
        nonlocal reads
        reads += 1
        return real_read(body)

    real_close = streams.ObjectStream.close

    def close(stream: streams.ObjectStream) -> None:
        nonlocal closed
        closed += 1
        real_close(stream)

    for module in ("media.streams", "media.storage"):
        monkeypatch.setattr(f"{module}.read_chunk", read)
    monkeypatch.setattr(streams.ObjectStream, "close", close)
    stuck, leave = asyncio.Event(), asyncio.Event()
    bodies: list[bytes] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.body":
            bodies.append(message["body"])
            if len(bodies) == 2:
                stuck.set()
                await asyncio.Event().wait()

    async def receive() -> MutableMapping[str, Any]:
        await leave.wait()
        return {"type": "http.disconnect"}

    serving = asyncio.create_task(app(scope, receive, send))
    await asyncio.wait_for(stuck.wait(), 5)
    await asyncio.sleep(0.3)
    assert (reads, closed) == (2, 0)
    leave.set()
    await asyncio.wait_for(serving, 5)
    assert ([len(body) for body in bodies], reads, closed) == ([CHUNK, CHUNK], 2, 1)
