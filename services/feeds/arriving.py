"""What came into a viewer's home feed between two ids, as the rules of the feed show it at this moment."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import ShardUnavailable
from models.ids import TIME_SHIFT
from models.reads.reader import Reader
from models.reads.watching import (
    FOLLOWED_AT_PRESENT,
    LISTED_BETWEEN,
    POSTS_BETWEEN,
    POSTS_OF_A_MOMENT,
    UNLISTED_BETWEEN,
)
from services.feeds.home import reason_of
from services.marks import marks_of
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost

MOST = 1000
"""So many are looked at, at most: of more than that it is only said that there are this many."""
MOMENT = 60_000 << TIME_SHIFT
"""Up to this much time, all posts of it are read; of more, each author's."""


@dataclass(frozen=True, slots=True)
class Followed:
    """Of whom, and under which hashtags, posts come into the feed: `authors` with the viewer."""

    authors: list[int]
    hashtags: frozenset[int]


async def followed_by(reader: Reader, viewer_id: int) -> Followed:
    """One statement. Raises ShardUnavailable."""
    rows = await reader.on_shard_of(viewer_id, FOLLOWED_AT_PRESENT, viewer_id)
    if not rows:
        return Followed([], frozenset())
    return Followed([viewer_id, *rows[0]["authors"]], frozenset(rows[0]["hashtags"]))


async def ids_between(reader: Reader, followed: Followed, above: int, below: int) -> list[int]:
    """Ids of posts that may belong into the feed, in order; MOST of them, whichever, where there are more. One
    statement per node; where hashtags are followed, three.

    Raises ShardUnavailable.
    """
    window = (above, below, MOST)
    of_authors = POSTS_OF_A_MOMENT if below - above <= MOMENT else POSTS_BETWEEN
    asked = [reader.by_ids(of_authors, followed.authors, *window)]
    if followed.hashtags:
        asked.append(reader.on_every_node(UNLISTED_BETWEEN, list(followed.hashtags), *window))
    found = [row["id"] for rows in await asyncio.gather(*asked) for row in rows]
    if followed.hashtags:
        # Behind the other: what is not on its pages when that one asks is found by it, what is by this one.
        found += [row["id"] for row in await reader.by_ids(LISTED_BETWEEN, followed.hashtags, *window)]
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return sorted(set(found))[:MOST]


async def shown_of(
    reader: Reader, links: MediaLinks, viewer_id: int, followed: Followed, ids: Sequence[int]
) -> list[VisiblePost]:
    """Those of the posts that are in the feed, in their order: up to the first one of which it is not known because a
    node (then in `reader.unavailable`) does not answer. Raises ShardUnavailable."""
    marks = await marks_of(reader, viewer_id)
    posts = await visible_posts(reader, links, viewer_id, ids)
    shown = []
    for post_id in ids:
        post = posts.get(post_id)
        if post is None and reader.unavailable:
            break
        if post is not None and reason_of(post, marks, followed.hashtags) is not None:
            shown.append(post)
    return shown
