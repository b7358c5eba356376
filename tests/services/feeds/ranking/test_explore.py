import random
from collections import Counter
from dataclasses import dataclass

from models.ids import floor_of
from services.feeds.ranking.explore import AUTHOR_MAX, AUTHOR_SPAN, ExploreFormula, mixed
from services.feeds.ranking.scorer import PostFeatures

NOW = 1_800_000_000_000
HOUR = 3_600_000


@dataclass(frozen=True)
class Post:
    id: int
    author_id: int
    score: float


def test_a_hand_computed_example() -> None:
    new = PostFeatures(floor_of(NOW - HOUR // 2), 1, "PHOTO", 10, 5, 2, 1, 0.5)
    old = PostFeatures(floor_of(NOW - 25 * HOUR), 2, "REEL", 500, 0, 0, 0, 1.0)
    unknown = PostFeatures(floor_of(NOW), 3, "PHOTO", 0, 0, 0, 0, 0.0)
    found = ExploreFormula()([new, old, unknown], {new.id: 5.0, old.id: 20.0}, NOW)
    # E = 10 + 2·5 + 3·2 + 3·1 = 29, half an hour old; E = 500 in 25 hours
    by_hand = [
        0.40 * (29 / 79 + 29 / 39) / 2 + 0.30 * 0.5 + 0.20 * 1 + 0.10 * 0.5,
        0.40 * (500 / 550 + 20 / 30) / 2 + 0.30 * 0.8 + 0.20 * 0.5 + 0.10 * 1,
        0.20,
    ]
    assert [abs(one - other) < 1e-9 for one, other in zip(found, by_hand, strict=True)] == [True] * 3


def test_no_author_twice_in_a_row() -> None:
    posts = [Post(1, 7, 0.9), Post(2, 7, 0.8), Post(3, 7, 0.7), Post(4, 8, 0.6), Post(5, 9, 0.6)]
    assert [post.id for post in mixed(posts, 10)] == [1, 5, 2, 4, 3]
    assert [post.id for post in mixed(posts[:3], 10)] == [1]
    assert [post.id for post in mixed(posts, 3)] == [1, 5, 2]
    assert mixed([], 10) == []


def test_an_author_stands_three_times_in_a_hundred() -> None:
    """And again in the next."""
    good = [Post(number, 1, 1 + number) for number in range(1, 8)]
    others = [Post(1000 + number, 10 + number, 0.5) for number in range(250)]
    found = mixed([*others, *good], 500)
    assert [place for place, post in enumerate(found) if post.author_id == 1] == [0, 2, 4, 100, 102, 104, 200]
    assert len(found) == 257


def test_what_is_mixed_at_random_holds_both_rules_and_the_best_that_may_stand_there() -> None:
    dice = random.Random(1)
    for _ in range(30):
        posts = [Post(number, dice.randrange(60), dice.choice([0.1, 0.5, dice.random()])) for number in range(400)]
        found = mixed(posts, 300)
        assert len({post.id for post in found}) == len(found)
        left = {post.id: post for post in posts}
        for place in range(len(found) + 1):
            before = Counter(post.author_id for post in found[max(0, place - AUTHOR_SPAN + 1) : place])
            last = found[place - 1].author_id if place else None
            free = [post for post in left.values() if post.author_id != last and before[post.author_id] < AUTHOR_MAX]
            if place == len(found):
                assert not free or place == 300
                break
            assert found[place] == max(free, key=lambda post: (post.score, post.id))
            del left[found[place].id]
