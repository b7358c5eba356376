"""A town of which the ranked feeds are asked, and the formula written down a second time."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import insert, text

from models.ids import SHARD_SHIFT, floor_of, shard_of
from models.tables import CountDelta, Counter, Impression, Post
from services.backend import Backend
from services.feeds.ranked import ranked_feed
from services.pages import Page
from services.visible import MediaLinks
from tests.services.feeds.town import Town


async def page_of(backend: Backend, viewer: int, first: int = 20, after: str | None = None) -> Page[Any]:
    return await ranked_feed(backend, backend.reader(), MediaLinks(backend.signer), viewer, first=first, after=after)


async def walked(backend: Backend, viewer: int, first: int = 100, after: str | None = None) -> list[Any]:
    """All edges from there on, page by page."""
    edges: list[Any] = []
    for _ in range(2000):
        page = await page_of(backend, viewer, first, after)
        edges += page.edges
        if not page.page_info.has_next_page:
            return edges
        assert page.page_info.end_cursor != after
        after = page.page_info.end_cursor
    raise AssertionError("the feed has no end")


async def ids_of(backend: Backend, viewer: int, first: int = 100) -> list[int]:
    return [edge.node.id for edge in await walked(backend, viewer, first)]


@dataclass(slots=True)
class Told:
    """A post as the formula sees it; ages in hours, `affinity` and `kinds` as they stand for the viewer."""

    id: int
    hours: float = 0
    counts: dict[str, int] = field(default_factory=dict)
    affinity: float = 0
    kind_share: float = 1 / 4
    quality: float = 0
    seen: bool = False


def score_of(post: Told) -> float:
    """By the docstring of services/feeds/ranking/formula.py, step by step."""
    engaged = 0
    for name, weight in {"LIKES": 1, "COMMENTS": 2, "SHARES": 3, "SAVES": 3}.items():
        engaged += weight * post.counts.get(name, 0)
    hourly = engaged / max(1, post.hours)
    engagement = 0.5 * (engaged / (engaged + 50)) + 0.5 * (hourly / (hourly + 10))
    affinity = post.affinity / (post.affinity + 5)
    recency = 1.0 if post.hours <= 1 else 0.5 ** ((post.hours - 1) / 24)
    fit = 0.5 * post.kind_share + 0.5 * post.quality
    score = 0.4 * engagement + 0.3 * affinity + 0.2 * recency + 0.1 * fit
    return score / 4 if post.seen else score


async def old_post(town: Town, author: int, moment_ms: int, number: int, **values: object) -> int:
    """With an id of that moment."""
    post_id = floor_of(moment_ms) | shard_of(author) << SHARD_SHIFT | number
    row: dict[str, object] = {"kind": "PHOTO", "media": [], "id": post_id, "author_id": author}
    async with town.backend.transaction(shard_of(author)) as transaction:
        await transaction.session.execute(insert(Post).values(row | values))
    return post_id


async def count(town: Town, post_id: int, counts: dict[str, int]) -> None:
    async with town.backend.transaction(shard_of(post_id)) as transaction:
        for name, delta in counts.items():
            values = {"object_id": post_id, "counter": Counter[name], "delta": delta}
            await transaction.session.execute(insert(CountDelta).values(id=await transaction.mint_id(), **values))


async def liked(town: Town, viewer: int, *, author: int, times: int, kind: str, days: float = 0) -> None:
    """The viewer's mirrors alone."""
    async with town.backend.transaction(shard_of(viewer)) as transaction:
        await transaction.session.execute(
            text("""
                INSERT INTO likes_given (user_id, subject_id, state, version, since, author_id, post_kind)
                SELECT :viewer, mint_id(:shard), 'LIKED', 1, clock_now() - :days * interval '1 day', :author, :kind
                FROM generate_series(1, :times)
            """),
            {"viewer": viewer, "shard": shard_of(viewer), "author": author, "kind": kind, "times": times, "days": days},
        )


async def was_shown(town: Town, viewer: int, author: int, *post_ids: int) -> None:
    async with town.backend.transaction(shard_of(viewer)) as transaction:
        for place, post_id in enumerate(post_ids):
            row = {"viewer_id": viewer, "subject_id": post_id, "surface": "HOME", "position": place, "dwell_ms": 900}
            row |= {"subject_kind": "POST", "author_id": author, "post_kind": "PHOTO"}
            await transaction.session.execute(insert(Impression).values(row))
