"""Candidates of an activity feed: what the followed did, and what happened on their posts, proved or not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core import clock
from models.ids import MAX_ID, TIME_SHIFT, floor_of
from models.reads.activity import EVENTS_BEFORE, LATEST_POSTS
from models.reads.feeds import FOLLOWED_BY
from models.reads.reader import Reader
from services.feeds.activity.events import Event, bounds_behind
from services.marks import marks_of

DAYS = 30
"""How far back the feed goes."""
POSTS_OF_EACH = 20
POSTS_OF_ALL = 1000
"""On how many of the newest posts of one person, and of all together, it is looked what happened there."""
_SPAN_MS = timedelta(days=DAYS) // timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Sources:
    """What a viewer's feed is made of. `horizon` (milliseconds since 1970) is when its first page was read: pages that
    follow look at the posts that were the newest then, and as far back."""

    viewer_id: int
    people: Sequence[int]
    posts: Sequence[int]
    horizon: int


async def sources_of(reader: Reader, viewer_id: int, horizon: int | None) -> Sources:
    """Of those whom the viewer follows, without those muted. `horizon` is None for a first page.

    Raises ShardUnavailable where it is not known whom the viewer follows, or mutes.
    """
    rows = await reader.on_shard_of(viewer_id, FOLLOWED_BY, viewer_id)
    muted = (await marks_of(reader, viewer_id)).muted
    people = [row["followed_id"] for row in rows if row["followed_id"] not in muted]
    end = MAX_ID if horizon is None else min(floor_of(horizon + 1), MAX_ID)
    begun = clock.now_ms() if horizon is None else horizon
    found = await reader.by_ids(LATEST_POSTS, people, end, floor_of(begun - _SPAN_MS), POSTS_OF_EACH, POSTS_OF_ALL)
    posts = sorted((row["id"] for row in found), reverse=True)[:POSTS_OF_ALL]
    if horizon is None and posts:
        # Ids may run ahead of this clock.
        begun = max(begun, (posts[0] >> TIME_SHIFT) + clock.EPOCH_MS)
    return Sources(viewer_id, people, posts, begun)


async def events_behind(reader: Reader, sources: Sources, event: Event, limit: int) -> list[Event]:
    """The next events in order, at most `limit`, each once: one statement per node. Fewer are all that there are."""
    bounds = bounds_behind(event)
    begin = max(sources.horizon - _SPAN_MS, 0)
    rows = await reader.by_ids(
        EVENTS_BEFORE,
        sources.people,
        event.moment,
        bounds.posted_before,
        *bounds.liked,
        bounds.commented_before,
        *bounds.followed,
        begin * 1000,
        floor_of(begin),
        limit,
        sources.viewer_id,
        sources.posts,
    )
    found = {Event(row["moment"], row["verb"], row["subject_id"], row["actor_id"]) for row in rows}
    return sorted(found, reverse=True)[:limit]
