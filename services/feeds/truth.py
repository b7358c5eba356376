"""What timelines must hold, and may: read for many viewers at once, one statement per node for each question.

What was read of an author is kept for the viewers that come after, up to KEPT_IDS ids; so it may be older than the
timelines that are held against it. `checking.py` looks twice at what differs.
"""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import ShardUnavailable
from models.ids import MAX_ID, TIME_SHIFT
from models.reads.checking import FOLLOWED_BY_EACH, POSTS_OF_EACH, TRUE_FOLLOWS, UNFINISHED
from models.reads.pulled import GRACE_MS, PULLED_INTERVALS
from models.reads.reader import Reader
from services.horizon import common_horizon

KEPT_IDS = 4_000_000


@dataclass(frozen=True, slots=True)
class Posts:
    """Of an author, above an id, ascending. `graced` are pulled, and pushed as well."""

    above: int
    live: list[int]
    pushed: list[int]
    graced: list[int]


@dataclass(slots=True)
class Truth:
    """As of the moment at which it was begun: only posts below `horizon` are looked at. `moving` posts, and what is
    posted by the second of the `turning` pairs, are on their way into or out of timelines (of the first)."""

    reader: Reader
    horizon: int
    moving: set[int]
    turning: dict[int, set[int]]
    intervals: dict[int, list[tuple[int, int]]]
    known: dict[int, Posts] = field(default_factory=dict)
    kept: int = 0

    async def followed(self, viewer_ids: list[int]) -> dict[int, set[int]]:
        """Whom each follows, as both shards say. Raises ShardUnavailable."""
        heard = _answered(self.reader, await self.reader.by_ids(FOLLOWED_BY_EACH, viewer_ids))
        by_node: dict[int, tuple[list[int], list[int]]] = {}
        for row in heard:
            for node, some in self.reader.shards.by_node(row["followed"]).items():
                followed, followers = by_node.setdefault(node, ([], []))
                followed += some
                followers += [row["follower_id"]] * len(some)
        asked = (self.reader.on_node(node, TRUE_FOLLOWS, *pairs) for node, pairs in by_node.items())
        found: dict[int, set[int]] = {viewer_id: set() for viewer_id in viewer_ids}
        for row in _answered(self.reader, [row for rows in await asyncio.gather(*asked) for row in rows]):
            found[row["follower_id"]].update(row["followed"])
        return found

    async def learn(self, above: Mapping[int, int]) -> None:
        """Reads what is not known yet of the posts of authors above these ids. Raises ShardUnavailable."""
        if self.kept > KEPT_IDS:
            self.known, self.kept = {}, 0
        missing = {
            author: floor
            for author, floor in above.items()
            if author not in self.known or self.known[author].above > floor
        }
        by_node = self.reader.shards.by_node(missing)
        asked = (
            self.reader.on_node(node, POSTS_OF_EACH, some, [missing[author] for author in some], self.horizon)
            for node, some in by_node.items()
        )
        for row in _answered(self.reader, [row for rows in await asyncio.gather(*asked) for row in rows]):
            self._keep(row["id"], missing[row["id"]], row["posts"])

    def _keep(self, author: int, above: int, live: list[int]) -> None:
        pushed, graced = live, list[int]()
        for since, until in self.intervals.get(author, ()):
            end = min(until, since + (GRACE_MS << TIME_SHIFT))
            graced += live[bisect_left(live, since) : bisect_left(live, end)]
            pushed = pushed[: bisect_left(pushed, since)] + pushed[bisect_left(pushed, until) :]
        self.known[author] = Posts(above, live, pushed, graced)
        self.kept += len(live)

    def wanted(self, viewer_id: int, followed: Iterable[int], floor: int) -> tuple[set[int], set[int]]:
        """Ids above the floor that must be in a timeline, and those that may. Of these authors it must have learned."""
        own = self.known.get(viewer_id)
        must = set(_above(own.live, floor)) if own else set()
        may: set[int] = set()
        for author in followed:
            posts = self.known[author]
            must.update(_above(posts.pushed, floor))
            may.update(posts.graced)
        return must, may

    def moves(self, viewer_id: int, post_ids: Iterable[int]) -> set[int]:
        """Those of the posts that are on their way into the viewer's timeline, or out of it."""
        found = self.moving.intersection(post_ids)
        for author in self.turning.get(viewer_id, ()):
            found.update(set(post_ids).intersection(self.known[author].live if author in self.known else ()))
        return found


def _above(ids: list[int], floor: int) -> list[int]:
    return ids[bisect_right(ids, floor) :] if floor else ids


async def truth(reader: Reader) -> Truth:
    """Begins. What it says of posts that move must be read before the timelines are. Raises ShardUnavailable."""
    horizon = await common_horizon(reader)
    unfinished, pulled = await asyncio.gather(reader.on_every_node(UNFINISHED), reader.on_every_node(PULLED_INTERVALS))
    moving: set[int] = set()
    turning: dict[int, set[int]] = {}
    for row in _answered(reader, unfinished):
        if row["post_id"] is not None:
            moving.add(row["post_id"])
        else:
            turning.setdefault(row["follower_id"], set()).add(row["followed_id"])
    intervals: dict[int, list[tuple[int, int]]] = {}
    for row in pulled:
        intervals.setdefault(row["author_id"], []).append((row["since_id"], row["until_id"] or MAX_ID))
    return Truth(reader, horizon.id, moving, turning, intervals)


def _answered(reader: Reader, rows: list[Any]) -> list[Any]:
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return rows
