"""Telling a network of caches to forget and to fetch, over a real socket."""

import threading
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr

from core import clock
from core.settings import Settings
from media.cdn import TAGS_AT_ONCE, Cdn, HttpCdn, open_cdn
from media.errors import CdnUnavailable
from tests.caching_network import PURGE, TOKEN, Network, caching_network


@pytest.fixture
def network() -> Iterator[Network]:
    with caching_network("http://127.0.0.1:9") as running:
        yield running


def configured(network: Network, *, purge_url: str = "", token: str = TOKEN) -> Settings:
    return Settings(cdn_purge_url=purge_url or network.url + PURGE, cdn_token=SecretStr(token), cdn_timeout_seconds=0.5)


@pytest.fixture
async def cdn(network: Network) -> AsyncIterator[Cdn]:
    cdn = HttpCdn(configured(network))
    yield cdn
    await cdn.close()


def test_none_is_configured() -> None:
    assert open_cdn(Settings(cdn_purge_url="")) is None


async def test_tags_are_purged_in_batches(network: Network, cdn: Cdn) -> None:
    tags = [f"tag-{number}" for number in range(2 * TAGS_AT_ONCE + 1)]
    await cdn.purge(tags)
    assert sorted(len(some) for some in network.purged) == [1, TAGS_AT_ONCE, TAGS_AT_ONCE]
    assert sorted(tag for some in network.purged for tag in some) == sorted(tags)
    await cdn.purge([])
    assert len(network.purged) == 3


async def test_one_failure_is_tried_again(network: Network, cdn: Cdn) -> None:
    network.failures = [500]
    await cdn.purge(["a"])
    assert (network.purged, network.failures) == ([["a"]], [])
    network.failures = [500, 429]
    with pytest.raises(CdnUnavailable, match="429 no"):
        await cdn.purge(["b"])
    assert (network.purged, network.failures) == ([["a"]], [])


async def test_a_wrong_token_is_told(network: Network) -> None:
    cdn = HttpCdn(configured(network, token="another"))
    with pytest.raises(CdnUnavailable, match="403"):
        await cdn.purge(["a"])
    assert network.purged == []
    await cdn.close()


async def test_one_that_hangs_is_not_waited_for(network: Network, cdn: Cdn) -> None:
    network.delay = threading.Event()
    began = clock.monotonic()
    with pytest.raises(CdnUnavailable):
        await cdn.purge(["a"])
    assert clock.monotonic() - began < 3


async def test_nobody_there(network: Network) -> None:
    cdn = HttpCdn(configured(network, purge_url="http://127.0.0.1:9/purge"))
    with pytest.raises(CdnUnavailable):
        await cdn.purge(["a"])
    with pytest.raises(CdnUnavailable):
        await cdn.warm(["http://127.0.0.1:9/media/a"])
    await cdn.close()


async def test_warming_gets_it(network: Network, cdn: Cdn) -> None:
    headers = {"cache-tag": "a", "content-type": "image/jpeg", "cache-control": "public, s-maxage=60"}
    network.copies["/media/a"] = (headers, b"x" * 1_000_000)
    await cdn.warm([f"{network.url}/media/a"] * 2)
    assert network.served == 2
