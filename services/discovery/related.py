"""Hashtags that stand together with one: on its newest posts which are public and which the viewer may see, as those
stand at this moment. So nobody learns from it what those write whom they may not read."""

from collections import Counter
from collections.abc import Sequence

from models.ids import MAX_ID
from models.reads.discovery import POSTS_OF_HASHTAGS
from models.reads.reader import Reader
from services.pages import checked_first
from services.visibility import public_hashtags
from services.visible import HashtagRow

NEWEST = 200
"""Posts of each hashtag that are looked at."""
READ_AT_ONCE = 20_000
"""Posts that one answer looks at, of all hashtags together: fewer of each, where it asks for more than 100."""
FEWEST = 10


async def related_hashtags(
    reader: Reader, viewer_id: int, hashtag_ids: Sequence[int], *, first: int
) -> dict[int, list[HashtagRow]]:
    """By hashtag, those that stand on the most of these posts first, of equals by name: two statements per node. Raises
    RequestFault for a bad `first`."""
    checked_first(first)
    asked = list(dict.fromkeys(hashtag_ids))
    if not asked:
        return {}
    share = min(NEWEST, max(FEWEST, READ_AT_ONCE // len(asked)))
    rows = await reader.by_ids(POSTS_OF_HASHTAGS, asked, asked, [MAX_ID] * len(asked), share)
    shown = await public_hashtags(reader, viewer_id, {row["post_id"] for row in rows})
    names: dict[int, str] = {}
    tallies: dict[int, Counter[int]] = {hashtag_id: Counter() for hashtag_id in asked}
    for row in rows:
        beside = {one.id: one.name for one in shown.get(row["post_id"], ())}
        if beside.pop(row["page_of"], None) is not None:
            names |= beside
            tallies[row["page_of"]].update(beside.keys())
    return {hashtag_id: _first_of(tally, names, first) for hashtag_id, tally in tallies.items()}


def _first_of(tally: Counter[int], names: dict[int, str], first: int) -> list[HashtagRow]:
    ordered = sorted(tally, key=lambda hashtag_id: (-tally[hashtag_id], names[hashtag_id]))
    return [HashtagRow(hashtag_id, names[hashtag_id]) for hashtag_id in ordered[:first]]
