"""Where what a viewer likes leads: to what those like who like the same, and to posts under the same hashtags.

Each step is one statement per node, and each is bounded by a constant below, so that nobody who likes much, and
nothing that is liked by many, makes it dear.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from models.reads.explore import EXPLORE_SOURCES, LATEST_OF_HASHTAGS, LIKED_LATELY, WAYS_FROM_POSTS
from models.reads.reader import Reader
from services.marks import marks_of

LIKED = 50
"""Posts that the viewer liked or saved last."""
LIKERS = 20
"""People for each of them: who liked it last."""
PEOPLE = 200
"""Of all these: those who like the most of what the viewer likes."""
LATELY = 20
"""Posts of each of them: what they liked last."""
HASHTAGS = 20
"""Hashtags of the posts liked, the most frequent ones; and as many of those followed, the latest ones."""
LISTED = 30
"""Posts of each hashtag, the newest ones."""
LED_TO = 500
"""Posts to which the most ways lead: by people, and by hashtags, as many each."""


@dataclass(frozen=True, slots=True)
class Leads:
    """How many ways lead to each post: from a post liked by a person who likes it to another that the person likes, or
    by a hashtag that both have (`liked`), and from a hashtag followed (`followed`)."""

    liked: Counter[int] = field(default_factory=Counter)
    followed: Counter[int] = field(default_factory=Counter)


async def leads_of(reader: Reader, viewer_id: int) -> Leads:
    """Raises ShardUnavailable where it is not known what the viewer likes. What stands on other nodes that are out of
    reach leads nowhere."""
    sources = await reader.on_shard_of(viewer_id, EXPLORE_SOURCES, viewer_id, HASHTAGS, LIKED)
    marks = await marks_of(reader, viewer_id)
    liked: list[int] = sources[0]["liked"] if sources else []
    followed: list[int] = sources[0]["hashtags"] if sources else []
    ways = await reader.by_ids(WAYS_FROM_POSTS, liked, LIKERS)
    people: Counter[int] = Counter()
    hashtags: Counter[int] = Counter()
    for row in ways:
        people.update(row["likers"])
        hashtags.update(one["id"] for one in row["hashtags"])
    for passed_over in (viewer_id, *marks.blocked, *marks.muted):
        people.pop(passed_over, None)
    people, hashtags = most(people, PEOPLE), most(hashtags, HASHTAGS)
    by_people, listed = await asyncio.gather(
        reader.by_ids(LIKED_LATELY, people, viewer_id, LATELY),
        reader.by_ids(LATEST_OF_HASHTAGS, hashtags.keys() | set(followed), LISTED),
    )
    leads_by_people = added_up((row["post_id"], people[row["user_id"]]) for row in by_people)
    leads_by_hashtags = added_up((row["post_id"], hashtags[row["hashtag_id"]]) for row in listed)
    leads_by_followed = added_up((row["post_id"], row["hashtag_id"] in followed) for row in listed)
    return Leads(most(leads_by_people, LED_TO) + most(leads_by_hashtags, LED_TO), most(leads_by_followed, LED_TO))


def added_up(weights: Iterable[tuple[int, int]]) -> Counter[int]:
    """Without those that come to nothing."""
    sums: Counter[int] = Counter()
    for post_id, weight in weights:
        sums[post_id] += weight
    return +sums


def most(counted: Counter[int], count: int) -> Counter[int]:
    """Those with the highest counts; of equals those with the higher ids."""
    ranked = sorted(counted.items(), key=lambda one: (-one[1], -one[0]))
    return Counter(dict(ranked[:count]))
