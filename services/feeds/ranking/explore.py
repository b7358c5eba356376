"""The order of explore: how a post is scored for somebody who knows nothing of its author, and how authors are mixed.

    score     = 0.40·engagement + 0.30·closeness + 0.20·recency + 0.10·quality, each from 0 to 1
    closeness = s(ways, 5): how many ways lead from what the viewer likes, or from a hashtag followed, to the post
                (`services.feeds.explore.leads`); s(x, h) = x / (x + h)

The shares are those of the home feed (`formula.py`, where engagement, recency, quality and s are explained): closeness
stands in the place of affinity, which is about authors, and quality in that of fit. Recommending by what those like who
like the same is the oldest way there is (GroupLens, 1994); Pinterest's Pixie and Twitter's GraphJet count ways through
this very graph of people and posts, as here but by random walks, since their steps are not bounded.
"""

import heapq
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from services.feeds.ranking.formula import Formula, posted_ms, saturated
from services.feeds.ranking.scorer import PostFeatures

HALF_CLOSENESS = 5
"""Ways at which half of it is reached."""
AUTHOR_MAX = 3
"""Posts of one author in any AUTHOR_SPAN that stand behind each other."""
AUTHOR_SPAN = 100
_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class ExploreFormula:
    """`ways` is by post (0 for one that is not in it)."""

    formula: Formula = Formula()  # noqa: RUF009  frozen

    def __call__(self, candidates: Sequence[PostFeatures], ways: Mapping[int, float], now_ms: int) -> list[float]:
        return [self._score(post, ways.get(post.id, 0), now_ms) for post in candidates]

    def _score(self, post: PostFeatures, ways: float, now_ms: int) -> float:
        hours = max(0, now_ms - posted_ms(post.id)) / _HOUR_MS
        shares = self.formula.weights.shares
        return (
            shares.engagement * self.formula.engagement(post, hours)
            + shares.affinity * saturated(ways, HALF_CLOSENESS)
            + shares.recency * self.formula.recency(hours)
            + shares.fit * post.quality
        )


class Scored(Protocol):
    @property
    def id(self) -> int: ...
    @property
    def author_id(self) -> int: ...
    @property
    def score(self) -> float: ...


One = TypeVar("One", bound=Scored)


def mixed(posts: Iterable[One], length: int) -> list[One]:
    """The best first (of equals the higher id), at most `length`, so that no author stands twice in a row, nor more
    than AUTHOR_MAX times in any AUTHOR_SPAN. Where only posts of such authors are left, they are left out."""
    waiting: defaultdict[int, deque[One]] = defaultdict(deque)
    for post in sorted(posts, key=lambda one: (-one.score, -one.id)):
        waiting[post.author_id].append(post)
    ready = [_key(some[0]) for some in waiting.values()]
    heapq.heapify(ready)
    resting: list[tuple[int, int]] = []  # the place from which on an author may stand again
    places: defaultdict[int, list[int]] = defaultdict(list)
    found: list[One] = []
    while len(found) < length:
        while resting and resting[0][0] <= len(found):
            _, author_id = heapq.heappop(resting)
            heapq.heappush(ready, _key(waiting[author_id][0]))
        if not ready:
            break
        author_id = heapq.heappop(ready)[2]
        stands_at = places[author_id]
        stands_at.append(len(found))
        found.append(waiting[author_id].popleft())
        if waiting[author_id]:
            again = stands_at[-1] + 2
            if len(stands_at) >= AUTHOR_MAX:
                again = max(again, stands_at[-AUTHOR_MAX] + AUTHOR_SPAN)
            heapq.heappush(resting, (again, author_id))
    return found


def _key(post: Scored) -> tuple[float, int, int]:
    return -post.score, -post.id, post.author_id
