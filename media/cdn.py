"""A content delivery network in front of the gateway: what it is told to forget, and to fetch before anybody asks.

Signed URLs of one picture differ by epoch and expiry, so it is purged by the tags that stand in every answer which a
shared cache may keep (`media.caching`), never by URL.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Protocol

import urllib3
from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from core.settings import Settings
from media.errors import CdnUnavailable

TAGS_AT_ONCE = 30
"""What the usual networks take in one request at least."""
_THREADS = 8
_TRIES = 2
_LONGEST_ANSWER = 2**16
_MULTIPLE_CHOICES = 300


class Cdn(Protocol):
    """Both raise CdnUnavailable, and both may be done again."""

    async def purge(self, tags: Sequence[str]) -> None:
        """Returns when nothing that was answered with one of these tags is served from a copy any more."""

    async def warm(self, urls: Sequence[str]) -> None:
        """Has copies made of these, as far as it may keep any."""

    async def close(self) -> None: ...


class HttpCdn:
    """Purges by `POST {"tags": […]}` to a URL with a bearer token, as Cloudflare takes it and others do behind
    a line of configuration; warms by getting."""

    def __init__(self, settings: Settings) -> None:
        self._purge_url = settings.cdn_purge_url
        self._headers = {"Authorization": f"Bearer {settings.cdn_token.get_secret_value()}"}
        self._seconds = settings.cdn_timeout_seconds
        self._client = urllib3.PoolManager(
            maxsize=_THREADS, timeout=urllib3.Timeout(total=self._seconds), retries=False
        )
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="cdn")

    async def close(self) -> None:
        await asyncio.to_thread(self._threads.shutdown)
        self._client.clear()

    async def purge(self, tags: Sequence[str]) -> None:
        batches = [list(tags[first : first + TAGS_AT_ONCE]) for first in range(0, len(tags), TAGS_AT_ONCE)]
        await asyncio.gather(*(self._run(partial(self._purge, batch)) for batch in batches))

    async def warm(self, urls: Sequence[str]) -> None:
        await asyncio.gather(*(self._run(partial(self._warm, url)) for url in urls))

    async def _run(self, work: "partial[None]") -> None:
        again = retry(
            stop=stop_after_attempt(_TRIES),
            wait=wait_random_exponential(multiplier=0.1, max=0.5),
            retry=retry_if_exception_type(CdnUnavailable),
            reraise=True,
        )
        await asyncio.get_running_loop().run_in_executor(self._threads, again(work))

    def _purge(self, tags: list[str]) -> None:
        self._ask("POST", self._purge_url, json={"tags": tags}, headers=self._headers)

    def _warm(self, url: str) -> None:
        """Without our token: this is what anybody may get."""
        self._ask("GET", url)

    def _ask(self, method: str, url: str, *, json: object = None, headers: dict[str, str] | None = None) -> None:
        try:
            answer = self._client.request(
                method, url, json=json, headers=headers, preload_content=False, redirect=False
            )
            try:
                said = answer.read(_LONGEST_ANSWER)
                while method == "GET" and answer.read(_LONGEST_ANSWER):  # a copy is kept of what came to its end
                    pass
            finally:
                answer.release_conn()
        except (urllib3.exceptions.HTTPError, OSError) as fault:
            raise CdnUnavailable(f"{method}: {fault}") from fault
        if answer.status >= _MULTIPLE_CHOICES:
            raise CdnUnavailable(f"{method}: {answer.status} {said[:200].decode(errors='replace')}")


def open_cdn(settings: Settings) -> Cdn | None:
    """None where none is configured."""
    return HttpCdn(settings) if settings.cdn_purge_url else None
