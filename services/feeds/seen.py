"""Which posts a viewer has been shown before, as the viewer's clients told."""

from collections.abc import Iterable

from models.reads.reader import Reader
from models.reads.signals import SEEN_POSTS
from services.marks import NOBODY


async def seen_posts(reader: Reader, viewer_id: int, post_ids: Iterable[int]) -> set[int]:
    """Those of the posts that were shown to the viewer, anywhere, in the last `impression_retention_days`: one
    statement on the viewer's shard, none for an anonymous viewer. Raises ShardUnavailable."""
    wanted = list(set(post_ids))
    if not wanted or viewer_id == NOBODY:
        return set()
    return {row["id"] for row in await reader.on_shard_of(viewer_id, SEEN_POSTS, viewer_id, wanted)}
