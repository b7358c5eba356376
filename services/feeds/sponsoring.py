"""Sponsored posts in a feed: which of them, and whether each still may be shown.

Every process knows all sponsorships that are not over, as they were at most a few seconds ago. From these it chooses;
what a page shows is proved by the truth.
"""

import asyncio
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core import clock
from models.reads.reader import Reader
from models.reads.sponsorships import SPONSORSHIPS_NOT_OVER, SPONSORSHIPS_UNDER_WAY
from services.backend import Backend
from services.marks import Marks, marks_of
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost, VisibleUser

FRESH_SECONDS = 15.0
"""What is older is read anew, behind the answer."""
STALE_SECONDS = 60.0
"""What is older is read anew before the answer."""
PATIENCE_SECONDS = 1.0
"""How long an answer waits for nodes that are slow."""
TURN_MS = 3_600_000
"""Whose turn it is goes on by one in this time, so that a viewer does not always see the same first."""
SPARE = 50
"""So many more are proved than are wanted: some may not be shown to this viewer."""


@dataclass(frozen=True, slots=True)
class Sponsorship:
    """The post is shown from `begins_at` to before `ends_at`."""

    id: int
    post_id: int
    label: str
    begins_at: datetime
    ends_at: datetime


@dataclass(slots=True, eq=False)
class SponsoredPostRow:
    """A post that may be shown to the viewer and for which its author pays, with what says so."""

    post: VisiblePost
    label: str

    @property
    def sponsor(self) -> VisibleUser:
        return self.post.author


@dataclass(slots=True, eq=False)
class _Memory:
    """By node; one that does not answer keeps its word."""

    nodes: dict[int, list[Sponsorship]] = field(default_factory=dict)
    read_at: float = float("-inf")


async def known_sponsorships(backend: Backend) -> list[Sponsorship]:
    """Those under way at this moment, by id, as this process knows them: one statement per node once in a while, for
    all who ask."""
    memory: _Memory = backend.kept.setdefault(_Memory, _Memory())
    age = clock.monotonic() - memory.read_at
    if age > FRESH_SECONDS:
        reading = backend.background.begin(memory, lambda: _read(backend, memory), waits_turn=False)
        if age > STALE_SECONDS:
            await asyncio.wait([reading], timeout=PATIENCE_SECONDS)
    now = clock.now()
    found = [one for some in memory.nodes.values() for one in some if one.begins_at <= now < one.ends_at]
    return sorted(found, key=lambda one: one.id)


def forget_sponsorships(backend: Backend) -> None:
    """Who asks next reads anew."""
    backend.kept.pop(_Memory, None)


async def _read(backend: Backend, memory: _Memory) -> None:
    began, reader = clock.monotonic(), backend.reader()

    async def ask(node: int) -> None:
        rows = await reader.on_node(node, SPONSORSHIPS_NOT_OVER)
        if node not in reader.unavailable:
            memory.nodes[node] = [Sponsorship(**row) for row in rows]

    await asyncio.gather(*map(ask, range(reader.shards.node_count)))
    memory.read_at = began


def in_turn(sponsorships: Sequence[Sponsorship], viewer_id: int, now_ms: int) -> list[Sponsorship]:
    """The same, by whose turn it is: for each viewer another one begins, and each hour the next one does."""
    if not sponsorships:
        return []
    start = (zlib.crc32(viewer_id.to_bytes(8, "big")) + now_ms // TURN_MS) % len(sponsorships)
    return [*sponsorships[start:], *sponsorships[:start]]


def may_be_sponsored(post: VisiblePost | None, marks: Marks) -> bool:
    """Whether a post may be shown to the viewer because it is paid for: of a public account that is not the viewer's
    own, and not muted. `post` is None for one that the viewer may not see."""
    if post is None or post.state != "LIVE" or post.viewer_is_author:
        return False
    return not post.author.is_private and post.author.id not in marks.muted


async def choose_sponsorships(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, *, count: int, without: Collection[int]
) -> list[int]:
    """Ids of at most `count` sponsorships to be shown to the viewer, each of another post, none of the posts `without`:
    the same for the same hour. One statement per node, none where nothing is sponsored. Raises ShardUnavailable."""
    by_post: dict[int, Sponsorship] = {}
    if count > 0:
        for one in in_turn(await known_sponsorships(backend), viewer_id, clock.now_ms()):
            if one.post_id not in without:
                by_post.setdefault(one.post_id, one)
    wanted = dict(list(by_post.items())[: count + SPARE])
    if not wanted:
        return []
    marks = await marks_of(reader, viewer_id)
    posts = await visible_posts(reader, links, viewer_id, wanted)
    return [one.id for post_id, one in wanted.items() if may_be_sponsored(posts.get(post_id), marks)][:count]


async def sponsorships_under_way(reader: Reader, sponsorship_ids: Iterable[int]) -> dict[int, Sponsorship]:
    """Those of them that are under way at this moment, by id: one statement per node."""
    wanted = set(sponsorship_ids)
    rows = await reader.by_ids(SPONSORSHIPS_UNDER_WAY, wanted) if wanted else []
    return {row["id"]: Sponsorship(**row) for row in rows}


def sponsored_post(sponsorship: Sponsorship, post: VisiblePost | None, marks: Marks) -> SponsoredPostRow | None:
    """What is shown of a sponsorship that is under way; None for one whose post may not be shown."""
    return SponsoredPostRow(post, sponsorship.label) if post and may_be_sponsored(post, marks) else None
