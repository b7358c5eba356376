"""The order in which what is ranked is shown: the best first, no author twice in a row where that can be helped, with
cards and sponsored posts at their places. No I/O, and the same for the same."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from services.feeds.reasons import FeedReason
from services.feeds.snapshots import Item, ItemKind

CARD_BEHIND = 3
"""A card of people to follow stands behind so many posts, or at the end of fewer."""
Ranked = TypeVar("Ranked")


def by_score(items: Iterable[Ranked], score_of: Callable[[Ranked], tuple[float, int]]) -> list[Ranked]:
    """The highest score first; of equal ones the higher id, so that the order is one whatever it was before.
    `score_of` tells the two."""
    return sorted(items, key=score_of, reverse=True)


def spread(items: Sequence[Ranked], author_of: Callable[[Ranked], int]) -> list[Ranked]:
    """The same items, as near to their order as may be without an author twice in a row: where there is an order like
    that at all, and with the fewest such pairs where there is none.

    Next is the best item of another author than the last one's. But an author who has more than half of all that is
    left goes now, since the others cannot keep the rest of that author's apart any more; one alone can have so many.
    With a heap of the authors by their best item, and one by how many they have: O(n log n) for n items.
    """
    places: defaultdict[int, list[int]] = defaultdict(list)
    for place, item in enumerate(items):
        places[author_of(item)].append(place)
    left = Counter({author: len(some) for author, some in places.items()})
    for some in places.values():
        some.reverse()  # the best is taken from the end
    best = [(some[-1], author) for author, some in places.items()]
    most = [(-number, author) for author, number in left.items()]
    heapq.heapify(best)
    heapq.heapify(most)
    order: list[Ranked] = []
    last: int | None = None
    while len(order) < len(items):
        author = _pressing(most, left, len(items) - len(order))
        if author is None or author == last:
            author = _best(best, places, last)
        order.append(items[places[author].pop()])
        left[author] -= 1
        if places[author]:
            heapq.heappush(best, (places[author][-1], author))
        last = author
    return order


def _pressing(most: list[tuple[int, int]], left: Counter[int], total: int) -> int | None:
    """Who has more than half of what is left. Entries of `most` that are out of date are put right as they come up."""
    while -most[0][0] != left[most[0][1]]:
        author = most[0][1]
        heapq.heapreplace(most, (-left[author], author))
    return most[0][1] if 2 * -most[0][0] > total else None


def _best(best: list[tuple[int, int]], places: dict[int, list[int]], last: int | None) -> int:
    """The author of the best item that is left, but for `last` if there is another. Entries of `best` whose item has
    been taken are thrown away."""
    kept: tuple[int, int] | None = None
    while best:
        place, author = heapq.heappop(best)
        if not places[author] or places[author][-1] != place:
            continue
        if author != last:
            if kept is not None:
                heapq.heappush(best, kept)
            return author
        kept = (place, author)
    if kept is None:
        raise LookupError("nothing is left")
    return kept[1]


def with_inserts(
    posts: Sequence[Item], *, has_card: bool = False, sponsorship_ids: Sequence[int] = (), every: int = 0
) -> list[Item]:
    """Behind each `every` posts (0: nowhere) the next of the sponsorships, as long as there are some; and the card."""
    items: list[Item] = []
    sponsorships = iter(sponsorship_ids if every else ())
    for number, post in enumerate(posts, 1):
        items.append(post)
        if has_card and number == min(CARD_BEHIND, len(posts)):
            items.append(CARD)
        if every and number % every == 0 and (one := next(sponsorships, None)) is not None:
            items.append(Item(ItemKind.SPONSORED, one, None, FeedReason.SPONSORED))
    return items if posts or not has_card else [CARD]


CARD = Item(ItemKind.SUGGESTED_USERS, 0, None, FeedReason.SUGGESTED)
