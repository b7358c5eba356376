"""A network of caches before the gateway: what is withdrawn leaves it too, and what is new may come to it early."""

from collections.abc import AsyncIterator, Iterator, Sequence

import httpx
import pytest
from pydantic import SecretStr

from core import clock
from core.settings import Settings
from media.caching import owner_tag
from media.errors import CdnUnavailable
from media.keys import rendition_of
from services import withdrawals
from services.accounts.profile import update_profile
from services.backend import Backend
from services.consequences import EventKind
from services.marks import NOBODY
from services.posts.archive import archive_post
from services.posts.listing import list_post_of
from services.visibility import visible_posts
from services.visible import MediaLinks, still_of
from services.withdrawals import announce_withdrawals
from tests.caching_network import PURGE, TOKEN, Network, caching_network
from tests.factories import Person, make_user
from tests.posting import events_about, job_of, links, make_post, rows

BODY = b"a picture"


@pytest.fixture
def network(server_url: str) -> Iterator[Network]:
    with caching_network(server_url) as running:
        yield running


@pytest.fixture
async def behind(settings: Settings, network: Network, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Backend]:
    monkeypatch.setattr(withdrawals, "SETTLING_SECONDS", 0.1)
    named = {"media_base_url": network.url, "cdn_purge_url": network.url + PURGE, "cdn_warm": True}
    opened = await Backend.open(
        settings.model_copy(update=named | {"cdn_token": SecretStr(TOKEN), "cdn_timeout_seconds": 3.0})
    )
    await opened.storage.ensure_bucket()
    yield opened
    await opened.close()


@pytest.fixture
async def author(behind: Backend) -> Person:
    return await make_user(behind)


async def posted(backend: Backend, author: Person) -> int:
    post_id = await make_post(backend, author)
    [(media,)] = await rows(backend, post_id, "SELECT media FROM posts WHERE id = $1", post_id)
    for variant in media[0]["variants"]:
        await backend.storage.put(variant["key"], BODY, "image/jpeg")
    return post_id


async def urls_of(backend: Backend, post_id: int, viewer_id: int = NOBODY) -> list[str]:
    shown = MediaLinks(backend.signer, backend.settings.media_base_url)
    posts = await visible_posts(backend.reader(), shown, viewer_id, [post_id])
    return [variant.url for media in posts[post_id].media for variant in still_of(media).variants]


async def got(url: str) -> tuple[int, bytes]:
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
        return answer.status_code, answer.content


async def withdraw_jobs(backend: Backend, author: Person) -> int:
    payloads = await events_about(backend, author.id, EventKind.MEDIA_WITHDRAWN, owner_id=author.id)
    for payload in payloads:
        await announce_withdrawals(job_of(backend, EventKind.MEDIA_WITHDRAWN, payload))
    return len(payloads)


async def test_what_goes_private_leaves_the_network(behind: Backend, network: Network, author: Person) -> None:
    post_id = await posted(behind, author)
    [url, *_] = await urls_of(behind, post_id)
    assert url.startswith(network.url + "/media/variants/")
    assert [await got(url), await got(url)] == [(200, BODY)] * 2
    assert (len(network.pulled), network.served) == (1, 1)
    began = clock.monotonic()
    await update_profile(behind, author.viewer, {"is_private": True})
    assert await got(url) == (200, BODY), "a copy, which nobody has purged yet"
    assert await withdraw_jobs(behind, author) == 1
    assert network.purged == [[owner_tag(author.id)]] * 2
    assert await got(url) == (404, b"Not found.\n")
    assert clock.monotonic() - began < 10
    [own, *_] = await urls_of(behind, post_id, author.id)
    assert [await got(own), await got(own)] == [(200, BODY)] * 2
    assert network.copies == {}, "nothing private is kept"


async def test_a_post_that_is_archived_takes_its_own_with_it(behind: Backend, network: Network, author: Person) -> None:
    post_id, other_id = await posted(behind, author), await posted(behind, author)
    [url, *_], [other, *_] = await urls_of(behind, post_id), await urls_of(behind, other_id)
    assert [await got(url), await got(other)] == [(200, BODY)] * 2
    await archive_post(behind, links(behind), author.id, post_id)
    await withdraw_jobs(behind, author)
    token = rendition_of(url.split("/media/")[1].partition("?")[0])
    assert token is not None
    assert network.purged == [[token]] * 2
    assert [(await got(url))[0], (await got(other))[0]] == [404, 200]
    assert network.served == 1, "the other one is kept"


async def test_a_network_that_is_away_is_told_later(behind: Backend, network: Network, author: Person) -> None:
    post_id = await posted(behind, author)
    [url, *_] = await urls_of(behind, post_id)
    await got(url)
    await archive_post(behind, links(behind), author.id, post_id)
    network.failures = [503] * 2
    with pytest.raises(CdnUnavailable):
        await withdraw_jobs(behind, author)
    assert (network.purged, await got(url)) == ([], (200, BODY))
    await withdraw_jobs(behind, author)
    assert (await got(url))[0] == 404


async def test_an_answer_on_its_way_is_purged_too(
    behind: Backend, network: Network, author: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that comes to the cache between the two."""
    post_id = await posted(behind, author)
    [url, *_] = await urls_of(behind, post_id)
    await got(url)
    late = dict(network.copies)
    await archive_post(behind, links(behind), author.id, post_id)
    cdn = behind.cdn
    assert cdn is not None
    first = cdn.purge

    async def purged(tags: Sequence[str]) -> None:
        await first(tags)
        if len(network.purged) == 1:
            network.copies.update(late)

    monkeypatch.setattr(cdn, "purge", purged)
    await withdraw_jobs(behind, author)
    assert (await got(url))[0] == 404


async def test_a_new_public_post_is_fetched_early(behind: Backend, network: Network, author: Person) -> None:
    post_id = await posted(behind, author)
    await list_post_of(job_of(behind, EventKind.POST_CREATED, {"post_id": post_id}))
    await behind.background.settled()
    urls = await urls_of(behind, post_id)
    assert set(network.copies) == {url.removeprefix(network.url) for url in urls}
    assert [await got(url) for url in urls] == [(200, BODY)] * len(urls)
    pulled = len(network.pulled)
    await list_post_of(job_of(behind, EventKind.POST_UPDATED, {"post_id": post_id}))
    await update_profile(behind, author.viewer, {"is_private": True})
    await list_post_of(job_of(behind, EventKind.POST_CREATED, {"post_id": post_id}))
    await behind.background.settled()
    assert len(network.pulled) == pulled, "nobody else may see it"


async def test_without_a_network_nobody_is_told(backend: Backend, network: Network, author: Person) -> None:
    assert backend.cdn is None
    post_id = await posted(backend, author)
    await archive_post(backend, links(backend), author.id, post_id)
    began = clock.monotonic()
    assert await withdraw_jobs(backend, author) == 1
    assert clock.monotonic() - began < 1
    await list_post_of(job_of(backend, EventKind.POST_CREATED, {"post_id": post_id}))
    await backend.background.settled()
    assert (network.purged, network.pulled) == ([], [])
