"""The gateway: pictures for whoever holds a URL that we signed, as a browser gets them."""

import asyncio
from collections.abc import AsyncIterator, MutableMapping
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from core import clock
from core.settings import Settings
from media import streams
from media.keys import new_token, original_key, rendition_of, variant_key
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


@pytest.fixture(scope="module")
async def storage(settings: Settings) -> AsyncIterator[ObjectStorage]:
    storage = ObjectStorage(settings)
    await storage.ensure_bucket()
    yield storage
    await storage.close()


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


@pytest.mark.parametrize("policy", [CachePolicy.PUBLIC, CachePolicy.AVATAR])
async def test_a_public_picture_is_kept_by_shared_caches(
    *, client: httpx.AsyncClient, signer: MediaSigner, withdrawn: Withdrawn, key: str, policy: CachePolicy
) -> None:
    answer = await client.get(signer.sign(key, Grant(1 << 50, 3, policy)))
    assert seen(answer) == (200, BODY, "public, max-age=300, s-maxage=2592000, must-revalidate, immutable")
    assert withdrawn.asked == Grant(1 << 50, 3, policy)


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
