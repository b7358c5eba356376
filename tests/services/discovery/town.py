"""Pages of hashtags and places for tests: what stands there, as somebody sees it."""

import contextlib
import secrets
from collections.abc import AsyncIterator, Mapping

from models.ids import shard_of
from models.tables import Counter
from services import counts
from services.backend import Backend
from services.discovery.listed import HASHTAGS, DiscoveryOrder, PageKind, posts_on_pages
from services.hashtags import hashtags_for
from services.marks import NOBODY
from services.pages import Page
from services.visible import VisiblePost
from tests.posting import links

TOP, RECENT = DiscoveryOrder.TOP, DiscoveryOrder.RECENT


def new_name() -> str:
    return f"tag{secrets.token_hex(6)}"


async def hashtag_id(backend: Backend, name: str) -> int:
    return (await hashtags_for(backend, [name]))[name].id


async def page(
    backend: Backend,
    page_id: int,
    order: DiscoveryOrder,
    *,
    viewer_id: int = NOBODY,
    first: int = 20,
    after: str | None = None,
    kind: PageKind = HASHTAGS,
) -> Page[VisiblePost]:
    found = await posts_on_pages(
        backend,
        backend.reader(),
        links(backend),
        viewer_id,
        [page_id],
        kind=kind,
        order=order,
        first=first,
        after=after,
    )
    answer = found[page_id]
    if not isinstance(answer, Page):
        raise answer
    return answer


async def shown(backend: Backend, page_id: int, order: DiscoveryOrder, *, viewer_id: int = NOBODY) -> list[int]:
    return [post.id for post in (await page(backend, page_id, order, viewer_id=viewer_id, first=100)).nodes]


async def walked(
    backend: Backend, page_id: int, order: DiscoveryOrder, *, viewer_id: int = NOBODY, first: int = 2
) -> list[list[int]]:
    """Page by page, to the end."""
    seen: list[list[int]] = []
    after: str | None = None
    while True:
        found = await page(backend, page_id, order, viewer_id=viewer_id, first=first, after=after)
        seen.append([post.id for post in found.nodes])
        after = found.page_info.end_cursor
        if not found.page_info.has_next_page:
            return seen


async def _add(backend: Backend, likes: Mapping[int, int], factor: int) -> None:
    for post_id, number in likes.items():
        async with backend.transaction(shard_of(post_id)) as transaction:
            await counts.add(transaction, post_id, Counter.LIKES, number * factor)


@contextlib.asynccontextmanager
async def liked(backend: Backend, likes: Mapping[int, int]) -> AsyncIterator[None]:
    """As if so many people liked each post; taken back, as a recount of everything is to find no difference."""
    await _add(backend, likes, 1)
    yield
    await _add(backend, likes, -1)


async def tops(backend: Backend, page_id: int) -> list[tuple[int, list[int], int]]:
    """What is kept of a page: id, posts and floor of each top, in order."""
    rows = await backend.reader().on_shard_of(
        page_id, "SELECT id, ids, floor_id FROM page_tops WHERE page_id = $1 ORDER BY id", page_id
    )
    return [(row["id"], row["ids"], row["floor_id"]) for row in rows]
