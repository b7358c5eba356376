"""What collections look like from outside: a picture of one of their posts."""

from collections.abc import Mapping, Sequence

from models.reads.collections import POSTS_OF_COLLECTIONS
from models.reads.reader import Reader
from services.collections.pages import is_saved
from services.pages import LATEST
from services.posts.kept import fetch_lists, position_of
from services.refill import Position
from services.visibility import visible_posts
from services.visible import ImageRow, MediaLinks, VisibleCollection, VisiblePost, still_of

LOOKS = (4, 20, 100)
"""How many posts each look goes over. Collections of which all those are hidden have no cover."""


async def covers_of(
    reader: Reader, links: MediaLinks, owner_id: int, collections: Sequence[VisibleCollection]
) -> dict[int, ImageRow]:
    """By collection, the first picture (of a film its poster) of the post that was chosen, or of the newest that may be
    seen; what shows none is left out. All collections in each look together: a statement on the owner's shard, and one
    per node."""
    covers: dict[int, ImageRow] = {}
    chosen = {one.id: one.cover_post_id for one in collections}
    unfinished: dict[int, Position] = dict.fromkeys(chosen, LATEST)
    for look in LOOKS:
        rows = await fetch_lists(reader, POSTS_OF_COLLECTIONS, unfinished, look)
        candidates: dict[int, list[int]] = {}
        for number in unfinished:
            cover = chosen.pop(number, None)
            candidates[number] = [] if cover is None else [cover]
        ends: dict[int, list[Position]] = {}
        for row in rows:
            candidates[row["page_of"]].append(row["post_id"])
            ends.setdefault(row["page_of"], []).append(position_of(row))
        posts = await visible_posts(reader, links, owner_id, {one for some in candidates.values() for one in some})
        covers |= _shown(candidates, posts)
        unfinished = {number: end[-1] for number, end in ends.items() if number not in covers and len(end) == look}
        if not unfinished:
            break
    return covers


def _shown(candidates: Mapping[int, Sequence[int]], posts: Mapping[int, VisiblePost]) -> dict[int, ImageRow]:
    found: dict[int, ImageRow] = {}
    for number, post_ids in candidates.items():
        shown = (posts[post_id] for post_id in post_ids if post_id in posts and is_saved(posts[post_id]))
        first = next(shown, None)
        if first is not None:
            found[number] = still_of(first.media[0])
    return found
