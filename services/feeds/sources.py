"""Home feeds as PostgreSQL knows them: whose posts they hold, and which those are."""

from dataclasses import dataclass

from models.reads.feeds import FOLLOWED_BY, LATEST_POSTS_OF
from models.reads.reader import Reader


async def authors_for(reader: Reader, viewer_id: int) -> list[int]:
    """Whose posts are in the viewer's home feed: those followed, and the viewer. Raises ShardUnavailable."""
    rows = await reader.on_shard_of(viewer_id, FOLLOWED_BY, viewer_id)
    return [viewer_id, *(row["followed_id"] for row in rows)]


@dataclass(frozen=True, slots=True)
class Latest:
    """Ids, newest first: all that there are above `floor`, which is 0 where there are no older ones."""

    ids: list[int]
    floor: int


async def latest_posts(reader: Reader, author_ids: list[int], below: int, count: int) -> Latest:
    """The newest `count` posts of the authors below an id: one statement per node."""
    rows = await reader.by_ids(LATEST_POSTS_OF, author_ids, below, count)
    ids = sorted((row["id"] for row in rows), reverse=True)[:count]
    return Latest(ids, ids[-1] - 1 if len(ids) == count else 0)
