"""Home feeds as PostgreSQL knows them: whose posts they hold, and which those are."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.ids import MAX_ID, shard_of
from models.reads.feeds import FOLLOWED_BY, LATEST_POSTS_OF, LATEST_PULLED_OF, LATEST_PUSHED_OF
from models.reads.pulled import ALL_HOME_SOURCES, HOME_SOURCES
from models.reads.reader import Reader
from services.feeds.pulled import Interval, Pulled

ASKED_ABOUT = 2000
"""Of more authors who are pulled it is not asked whom the viewer follows; but whom the viewer follows at all."""
HEADS = 16
"""The newest 1/16 of what is wanted is looked at of each author, to know how far down to look."""


async def authors_for(reader: Reader, viewer_id: int) -> list[int]:
    """Whose posts are in the viewer's home feed: those followed, and the viewer. Raises ShardUnavailable."""
    rows = await reader.on_shard_of(viewer_id, FOLLOWED_BY, viewer_id)
    return [viewer_id, *(row["followed_id"] for row in rows)]


@dataclass(frozen=True, slots=True)
class HomeSources:
    """What belongs in a home feed and comes into no timeline."""

    intervals: list[Interval] = field(default_factory=list)
    hashtag_ids: frozenset[int] = frozenset()


async def home_sources(reader: Reader, viewer_id: int, pulled: Pulled) -> HomeSources:
    """One statement, on the viewer's shard. Raises ShardUnavailable."""
    if len(pulled.intervals) > ASKED_ABOUT:
        [row] = await reader.on_shard_of(viewer_id, ALL_HOME_SOURCES, viewer_id)
    else:
        [row] = await reader.on_shard_of(viewer_id, HOME_SOURCES, viewer_id, list(pulled.intervals))
    return HomeSources(pulled.of(row["author_ids"]), frozenset(row["hashtag_ids"]))


@dataclass(frozen=True, slots=True)
class Latest:
    """Ids, newest first: all that there are above `floor`, which is 0 where there are no older ones."""

    ids: list[int]
    floor: int


async def latest_posts(
    reader: Reader, author_ids: Iterable[int], hashtag_ids: Iterable[int], below: int, count: int
) -> Latest:
    """The newest `count` posts of the authors and of the hashtags below an id: one statement per node."""
    authors = {node: (some,) for node, some in reader.shards.by_node(author_ids).items()}
    return await _latest(reader, LATEST_POSTS_OF, authors, hashtag_ids, nothing=([],), below=below, count=count)


async def latest_pulled(reader: Reader, sources: HomeSources, below: int, count: int) -> Latest:
    """The same of what comes into no timeline: one statement per node that has some of it."""
    by_node: dict[int, list[Interval]] = {}
    for interval in sources.intervals:
        by_node.setdefault(reader.shards.node_of(shard_of(interval.author_id)), []).append(interval)
    columns = {node: tuple(map(list, zip(*some, strict=True))) for node, some in by_node.items()}
    nothing: tuple[list[int], ...] = ([], [], [])
    return await _latest(
        reader, LATEST_PULLED_OF, columns, sources.hashtag_ids, nothing=nothing, below=below, count=count
    )


async def latest_pushed(reader: Reader, viewer_id: int, author_ids: Iterable[int], count: int) -> Latest:
    """The newest `count` posts of the authors that belong in the viewer's timeline: one statement per node."""
    rows = await reader.by_ids(LATEST_PUSHED_OF, author_ids, [], MAX_ID, count, count // HEADS + 1, viewer_id)
    return _newest(rows, count)


async def _latest(
    reader: Reader,
    sql: str,
    stretches: Mapping[int, tuple[list[int], ...]],
    hashtag_ids: Iterable[int],
    *,
    nothing: tuple[list[int], ...],
    below: int,
    count: int,
) -> Latest:
    """`stretches` are the columns of those on each node, the authors first; `nothing` stands for none."""
    hashtags = reader.shards.by_node(hashtag_ids)

    async def ask(node: int) -> list[Any]:
        authors, *ranges = stretches.get(node, nothing)
        some = hashtags.get(node, [])
        return await reader.on_node(node, sql, authors, some, below, count, count // HEADS + 1, *ranges)

    answers = await asyncio.gather(*map(ask, stretches.keys() | hashtags.keys()))
    return _newest([row for rows in answers for row in rows], count)


def _newest(rows: Iterable[Any], count: int) -> Latest:
    """Each node gave `count` different ids, or all that it has: so the newest of them all are the newest there are."""
    ids = sorted({row["id"] for row in rows}, reverse=True)[:count]
    return Latest(ids, ids[-1] - 1 if len(ids) == count else 0)
