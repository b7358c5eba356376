"""Objects that arrive in parts, against a real storage."""

import asyncio
from dataclasses import replace

import httpx
import pytest

from media.errors import MultipartGone, PartsRefused
from media.keys import new_token, original_key
from media.multiparts import Multiparts
from media.storage import ObjectStorage

MP4 = "video/mp4"
LARGE = bytes(range(256)) * 20 * 1024
"""The smallest that a part but the last may be."""
SMALL = b"the rest"


@pytest.fixture
def parts(storage: ObjectStorage) -> Multiparts:
    return storage.multiparts


async def put(url: str, data: bytes) -> int:
    async with httpx.AsyncClient() as client:
        return (await client.put(url, content=data)).status_code


async def send(parts: Multiparts, key: str, name: str, number: int, data: bytes) -> None:
    assert await put(parts.presign(key, name, number, len(data), 60), data) == 200


async def test_parts_become_one_object(storage: ObjectStorage, parts: Multiparts, key: str) -> None:
    name = await parts.begin(key, MP4)
    await send(parts, key, name, 2, SMALL)
    await send(parts, key, name, 1, LARGE)
    arrived = await parts.arrived(key, name)
    assert {number: part.size for number, part in arrived.items()} == {1: len(LARGE), 2: len(SMALL)}
    await parts.complete(key, name, arrived)
    info = await storage.head(key)
    assert (info.size, info.content_type) == (len(LARGE) + len(SMALL), MP4)
    stream = await storage.open(key)
    assert b"".join([chunk async for chunk in stream]) == LARGE + SMALL
    stream.close()


async def test_of_a_part_that_is_sent_twice_the_later_counts(
    storage: ObjectStorage, parts: Multiparts, key: str
) -> None:
    name = await parts.begin(key, MP4)
    await send(parts, key, name, 1, b"first")
    await asyncio.sleep(1.1)  # the storage tells seconds
    await send(parts, key, name, 1, b"second time")
    assert (await parts.arrived(key, name))[1].size == len(b"second time")
    await parts.complete(key, name, await parts.arrived(key, name))
    assert (await storage.head(key)).size == len(b"second time")


async def test_a_part_that_is_another_is_refused(parts: Multiparts, key: str) -> None:
    name = await parts.begin(key, MP4)
    await send(parts, key, name, 1, SMALL)
    [part] = (await parts.arrived(key, name)).values()
    other = replace(part, etag=part.etag[:-2] + ("0" if part.etag[-2] != "0" else "1") + part.etag[-1])
    with pytest.raises(PartsRefused):
        await parts.complete(key, name, {1: other})
    await parts.complete(key, name, {1: part})


async def test_a_url_takes_nothing_but_its_part(parts: Multiparts, key: str) -> None:
    other_key = original_key(new_token())
    name, other = await parts.begin(key, MP4), await parts.begin(other_key, MP4)
    url = parts.presign(key, name, 1, 8, 60)
    assert await put(url, b"too long!") == 403
    assert await put(url, b"short") == 403
    assert await put(url.replace("partNumber=1", "partNumber=2"), b"12345678") == 403
    assert await put(url.replace(name, other), b"12345678") == 403
    assert await put(url.replace(key, other_key), b"12345678") == 403
    assert await put(url.replace(name, other).replace(key, other_key), b"12345678") == 403
    assert await put(url.replace("Expires=60", "Expires=600"), b"12345678") == 403
    assert await parts.arrived(key, name) == {}
    assert await parts.arrived(other_key, other) == {}
    assert await put(url, b"12345678") == 200


async def test_a_url_expires(parts: Multiparts, key: str) -> None:
    name = await parts.begin(key, MP4)
    url = parts.presign(key, name, 1, 8, 1)
    await asyncio.sleep(2)
    assert await put(url, b"12345678") == 403
    assert await parts.arrived(key, name) == {}


async def test_what_was_aborted_is_gone(parts: Multiparts, key: str) -> None:
    name = await parts.begin(key, MP4)
    await send(parts, key, name, 1, SMALL)
    arrived = await parts.arrived(key, name)
    await parts.abort(key, name)
    await parts.abort(key, name)
    assert await put(parts.presign(key, name, 1, 8, 60), b"12345678") == 404
    for attempt in (parts.arrived(key, name), parts.complete(key, name, arrived)):
        with pytest.raises(MultipartGone):
            await attempt


async def test_what_is_complete_takes_no_more_and_is_not_aborted(
    storage: ObjectStorage, parts: Multiparts, key: str
) -> None:
    name = await parts.begin(key, MP4)
    await send(parts, key, name, 1, SMALL)
    await parts.complete(key, name, await parts.arrived(key, name))
    assert await put(parts.presign(key, name, 1, 8, 60), b"12345678") == 404
    with pytest.raises(MultipartGone):
        await parts.arrived(key, name)
    await parts.abort(key, name)
    assert (await storage.head(key)).size == len(SMALL)


async def test_those_that_are_begun_page_by_page(parts: Multiparts) -> None:
    prefix = f"originals/{new_token()}"
    begun = {(f"{prefix}/{number}", await parts.begin(f"{prefix}/{number}", MP4)) for number in range(5)}
    complete = await parts.begin(f"{prefix}/complete", MP4)
    await send(parts, f"{prefix}/complete", complete, 1, SMALL)
    await parts.complete(f"{prefix}/complete", complete, await parts.arrived(f"{prefix}/complete", complete))
    after: tuple[str, str] | None = ("", "")
    seen = []
    while after is not None:
        found, after = await parts.page(prefix, after, 2)
        assert len(found) <= 2
        seen += [(one.key, one.multipart_id) for one in found]
    assert len(seen) == 5
    assert set(seen) == begun
