"""On which pages a post stands: those of its hashtags, of its place, and of the people tagged on it.

Each page has a mirror of the post on its own shard, by the post's `version`. `list_post` brings the mirrors to what the
truth says at that moment, right after the commit and again as the event's job; late, twice and in any order. A page
that a change took the post from is named by that change's event, as nothing else knows of it any more: so, whatever job
comes last, each page was told of a version as new as that of the last change that concerned it.
"""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from models.ids import created_at, shard_of
from models.reads.pages import LISTED_BY_POST
from models.tables import Base, Counter, HashtagPost, ListingState, PlacePost, PostState, TaggedPost
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.mirrors import apply
from services.outbox import JSON, Job
from services.warming import warm_post


@dataclass(frozen=True, slots=True)
class _Kind:
    table: type[Base]
    column: str
    is_counted: bool


_KINDS = {
    "hashtag_ids": _Kind(HashtagPost, "hashtag_id", is_counted=True),
    "place_ids": _Kind(PlacePost, "place_id", is_counted=True),
    "user_ids": _Kind(TaggedPost, "user_id", is_counted=False),
}


@dataclass(frozen=True, slots=True)
class Pages:
    """Ids of hashtags, places, and people on pictures."""

    hashtag_ids: frozenset[int] = frozenset()
    place_ids: frozenset[int] = frozenset()
    user_ids: frozenset[int] = frozenset()

    def without(self, other: "Pages") -> "Pages":
        return Pages(
            self.hashtag_ids - other.hashtag_ids, self.place_ids - other.place_ids, self.user_ids - other.user_ids
        )

    def payload(self) -> dict[str, JSON]:
        return {name: sorted(getattr(self, name)) for name in _KINDS}

    def named(self) -> set[tuple[str, int]]:
        return {(name, number) for name in _KINDS for number in getattr(self, name)}


NO_PAGES = Pages()


def pages_in(payload: Mapping[str, Any] | None) -> Pages:
    """From what `Pages.payload` made."""
    return Pages(**{name: frozenset(ids) for name, ids in payload.items()}) if payload else NO_PAGES


def pages_of(hashtags: Iterable[Any], place: Any | None, media: Iterable[Any]) -> Pages:
    """From the columns of a post."""
    return Pages(
        frozenset(one["id"] for one in hashtags),
        frozenset([place["id"]] if place else []),
        frozenset(tag["user_id"] for one in media for tag in one.get("tags", ())),
    )


async def list_post_of(job: Job) -> None:
    """For every event of a post. Raises ShardUnavailable."""
    if job.kind is EventKind.POST_CREATED:
        backend, post_id = job.backend, job.payload["post_id"]
        if backend.cdn is not None:  # a favour, for which the job does not wait
            backend.background.begin(("warm", post_id), partial(warm_post, backend, post_id))
    await list_post(job.backend, job.payload["post_id"], pages_in(job.payload.get("left")))


async def list_post(backend: Backend, post_id: int, left: Pages = NO_PAGES) -> None:
    """Brings the pages, and those that the post has left, to what the truth says. Raises ShardUnavailable, after
    having done what is in reach."""
    for row in await backend.reader().on_shard_of(post_id, LISTED_BY_POST, post_id):
        own = pages_of(row["hashtags"], row["place"], row["media"]).named()
        shown = own if row["state"] == PostState.LIVE else set()
        nodes: dict[int, dict[int, list[tuple[str, int]]]] = {}
        for page in sorted(own | left.named()):
            shard = shard_of(page[1])
            nodes.setdefault(backend.shards.node_of(shard), {}).setdefault(shard, []).append(page)
        steps = (_list_on_node(backend, post_id, row["version"], shards, shown) for shards in nodes.values())
        for fault in await asyncio.gather(*steps, return_exceptions=True):
            if fault is not None:
                raise fault


async def _list_on_node(
    backend: Backend,
    post_id: int,
    version: int,
    shards: Mapping[int, list[tuple[str, int]]],
    shown: set[tuple[str, int]],
) -> None:
    for shard, pages in shards.items():
        async with backend.transaction(shard) as transaction:
            for name, page_id in pages:
                kind = _KINDS[name]
                state = ListingState.LISTED if (name, page_id) in shown else ListingState.GONE
                change = await apply(
                    transaction,
                    kind.table,
                    {kind.column: page_id, "post_id": post_id},
                    {"since": created_at(post_id)},
                    version=version,
                    state=state.value,
                )
                if kind.is_counted:
                    await counts.add(transaction, page_id, Counter.POSTS, change.entered(ListingState.LISTED))
