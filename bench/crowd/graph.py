"""A graph of follows as large services have it: few are followed by very many. Written straight into the tables, the
same for a seed.

In-degrees fall as a power law of exponent 2: who is the r-th most followed has in proportion to 1/r. Beside them stand
a star and authors whose followers are counted exactly. Who follows is drawn evenly.
"""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from bench.crowd.rows import BEGAN, Crowd
from models.ids import shard_of
from models.tables import Counter

PEOPLE, FOLLOWS, STAR, EXACT = 40_000, 300_000, 20_000, (10, 1_000, 9_999)
FITTED_FROM = 5
"""Fewer followers than that do not count where the exponent is fitted: whole numbers stand too far apart there."""


@dataclass(frozen=True, slots=True)
class Graph:
    """`followers` of each person; `exact` are authors by the number of their followers, the star among them."""

    crowd: Crowd
    followers: dict[int, list[int]]
    exact: dict[int, int]

    def exponent(self) -> float:
        """Of the in-degrees' power law, as the likeliest for those from FITTED_FROM on (Clauset, Shalizi and Newman,
        2009, equation 3.7)."""
        degrees = [len(some) for some in self.followers.values() if len(some) >= FITTED_FROM]
        return 1 + len(degrees) / sum(math.log(degree / (FITTED_FROM - 0.5)) for degree in degrees)

    def summary(self) -> str:
        degrees = sorted((len(some) for some in self.followers.values()), reverse=True)
        return (
            f"{len(degrees):,} people, {sum(degrees):,} follows, most followers {degrees[0]:,}, {degrees[1]:,}, "
            f"{degrees[2]:,}; in-degree exponent {self.exponent():.2f}"
        )


def make_graph(
    shards: int,
    *,
    people: int = PEOPLE,
    follows: int = FOLLOWS,
    star: int = STAR,
    exact: Sequence[int] = EXACT,
    seed: int = 7,
) -> Graph:
    """Nobody but the star has more followers than the largest of `exact`. Raises ValueError for more follows than
    fit."""
    dice, crowd = random.Random(seed), Crowd(shards)
    crowd.people = [crowd.clock.mint(number % shards) for number in range(people)]
    counted = [star, *exact]
    degrees = counted + _degrees(people - len(counted), follows - sum(counted), max(exact))
    owners = dice.sample(crowd.people, people)
    followers = {}
    for person, degree in zip(owners, degrees, strict=True):
        drawn = dice.sample(crowd.people, degree + 1)
        followers[person] = [one for one in drawn if one != person][:degree]
    _add_rows(crowd, followers)
    return Graph(crowd, followers, dict(zip(counted, owners, strict=False)))


def _degrees(people: int, follows: int, most: int) -> list[int]:
    """As many numbers, in proportion to 1/rank, none above `most`, whose sum is exactly `follows`."""
    if not 0 <= follows <= people * most:
        raise ValueError(f"{follows} follows do not fit {people} people of at most {most} followers")
    low, high = 0.0, float(people * most)
    for _ in range(100):
        middle = (low + high) / 2
        total = sum(min(most, int(middle / rank)) for rank in range(1, people + 1))
        low, high = (middle, high) if total <= follows else (low, middle)
    degrees = [min(most, int(low / rank)) for rank in range(1, people + 1)]
    missing = follows - sum(degrees)
    for place in range(people - 1, -1, -1):  # what rounding left over, one each, from the least followed up
        if not missing:
            break
        if degrees[place] < most:
            degrees[place], missing = degrees[place] + 1, missing - 1
    return degrees


def _add_rows(crowd: Crowd, followers: dict[int, list[int]]) -> None:
    names = {user: f"person{number:05d}" for number, user in enumerate(crowd.people)}
    following = dict.fromkeys(crowd.people, 0)
    for user, name in names.items():
        crowd.add("users", shard_of(user), user, name, name.title(), "", None, False, False)
    for followed, some in followers.items():
        shard, b = shard_of(followed), names[followed]
        for follower in some:
            a = names[follower]
            following[follower] += 1
            crowd.add("follows", shard, followed, follower, "ACCEPTED", 1, BEGAN, a, a, 1, a)
            crowd.add("following", shard_of(follower), follower, followed, "ACCEPTED", 1, BEGAN, b, b, 1, b)
    for user in crowd.people:
        crowd.add("counts", shard_of(user), user, int(Counter.FOLLOWERS), len(followers[user]))
        crowd.add("counts", shard_of(user), user, int(Counter.FOLLOWING), following[user])
