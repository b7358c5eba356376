import itertools
from collections import Counter
from time import perf_counter

from hypothesis import given
from hypothesis import strategies as st

from services.feeds.ranking.arranging import CARD, by_score, spread, with_inserts
from services.feeds.reasons import FeedReason
from services.feeds.snapshots import Item, ItemKind


def arranged(authors: str) -> str:
    """The authors' places, by letters: "aab" is the best by a, the next by a, the last by b."""
    return "".join(author for _, author in spread(list(enumerate(authors)), lambda item: ord(item[1])))


def pairs(authors: str) -> int:
    return sum(one == other for one, other in itertools.pairwise(authors))


def test_the_next_best_of_another_author_comes_between() -> None:
    assert arranged("") == ""
    assert arranged("aabc") == "abac"
    assert arranged("aaabbc") == "ababac"
    assert arranged("abcabc") == "abcabc"


def test_who_has_more_than_half_of_what_is_left_goes_first() -> None:
    # Not b first, though it is best: behind "b" the three of a need two others between.
    assert arranged("baaa") == "abaa"
    assert arranged("bcaaa") == "abaca"
    assert arranged("bcdaaa") == "bacada"
    assert arranged("bcdeaaa") == "bcadaea"


def test_where_it_cannot_be_helped_the_others_come_between_as_long_as_there_are_some() -> None:
    assert arranged("aaaaab") == "abaaaa"
    assert arranged("aaa") == "aaa"


def fewest(authors: str) -> int:
    """By trying all orders."""
    return min((pairs("".join(order)) for order in set(itertools.permutations(authors))), default=0)


@given(st.text("abcd", max_size=7))
def test_there_are_as_few_pairs_as_can_be(authors: str) -> None:
    assert pairs(arranged(authors)) == fewest(authors)


@given(st.lists(st.integers(1, 6), max_size=200))
def test_it_is_a_permutation_in_which_each_author_keeps_the_own_order(authors: list[int]) -> None:
    items = list(enumerate(authors))
    found = spread(items, lambda item: item[1])
    assert sorted(found) == items
    for author in set(authors):
        assert [item for item in found if item[1] == author] == [item for item in items if item[1] == author]
    most = max(Counter(authors).values(), default=0)
    twice = sum(one[1] == other[1] for one, other in itertools.pairwise(found))
    assert twice == max(0, 2 * most - len(authors) - 1)
    assert spread(items, lambda item: item[1]) == found


@given(st.lists(st.integers(1, 500), max_size=60, unique=True))
def test_what_is_apart_stays_as_it_is(authors: list[int]) -> None:
    assert spread(authors, lambda author: author) == authors


scored = st.lists(
    st.tuples(st.sampled_from([0.0, 0.25, 0.5, 1.0]), st.integers(1, 10**6)), unique_by=lambda one: one[1]
)


@given(scored)
def test_ties_go_to_the_higher_id_wherever_they_stood(items: list[tuple[float, int]]) -> None:
    found = by_score(items, lambda item: item)
    assert found == by_score(reversed(items), lambda item: item)
    assert all(one > other for one, other in itertools.pairwise(found))


def test_a_thousand_times_more_takes_no_million_times_longer() -> None:
    spans = []
    for size in (1_000, 100_000):
        authors = [number * number % 97 for number in range(size)]
        began = perf_counter()
        spread(authors, lambda author: author)
        spans.append(perf_counter() - began)
    assert spans[1] < 100 * spans[0] * 20  # n log n: 170 times; n²: 10,000 times


def posts(count: int) -> list[Item]:
    return [Item(ItemKind.POST, 100 + number, 0.5, FeedReason.FOLLOWING) for number in range(count)]


def sponsored(number: int) -> Item:
    return Item(ItemKind.SPONSORED, number, None, FeedReason.SPONSORED)


def test_a_card_stands_behind_three_posts_or_at_the_end() -> None:
    some = posts(5)
    assert with_inserts(some) == some
    assert with_inserts(some, has_card=True) == [*some[:3], CARD, *some[3:]]
    assert with_inserts(some[:2], has_card=True) == [*some[:2], CARD]
    assert with_inserts([], has_card=True) == [CARD]
    assert Item(ItemKind.SUGGESTED_USERS, 0, None, FeedReason.SUGGESTED) == CARD


def test_a_sponsored_post_stands_behind_each_so_many_others_and_each_once() -> None:
    some = posts(7)
    assert with_inserts(some, sponsorship_ids=[1, 2]) == some
    found = with_inserts(some, sponsorship_ids=[1, 2], every=2)
    assert found == [*some[:2], sponsored(1), *some[2:4], sponsored(2), *some[4:]]
    found = with_inserts(some, has_card=True, sponsorship_ids=[1, 2, 3, 4], every=3)
    assert found == [*some[:3], CARD, sponsored(1), *some[3:6], sponsored(2), *some[6:]]
    assert with_inserts([], sponsorship_ids=[1], every=1) == []
