"""Who follows whom: few have many followers, most have few."""

import random
from dataclasses import dataclass

FEWEST, MOST = 2, 30
RETURNED = 0.2
"""How often a follow is returned."""
SIGN_IN_FOLLOWS = 24
PENDING_EVERY = 4
"""Of those who follow a private account, one of so many has asked and got no answer yet."""


@dataclass(frozen=True, slots=True)
class Follow:
    """People by their number. `is_asked` where the account was private by then."""

    follower: int
    followed: int
    is_asked: bool


def follows(chance: random.Random, people: int, sign_ins: int, private: set[int]) -> list[Follow]:
    """Preferential attachment (Barabási and Albert 1999): who comes follows those who have followers already."""
    edges: dict[tuple[int, int], None] = {}  # in the order in which they came to be
    weight = [1] * people
    newcomers = list(range(sign_ins, people))
    chance.shuffle(newcomers)
    here = list(range(sign_ins))

    def add(follower: int, followed: int) -> None:
        if follower != followed and (follower, followed) not in edges:
            edges[follower, followed] = None
            weight[followed] += 1

    for newcomer in newcomers:
        wanted = min(len(here), MOST, FEWEST + int(chance.paretovariate(1.2)))
        for _ in range(wanted):
            [popular] = chance.choices(here, [weight[one] for one in here])
            add(newcomer, popular)
            if chance.random() < RETURNED:
                add(popular, newcomer)
        here.append(newcomer)
    for one in range(sign_ins):
        for other in chance.choices(here, [weight[other] for other in here], k=SIGN_IN_FOLLOWS):
            add(one, other)
    return _asked(list(edges), private)


def _asked(edges: list[tuple[int, int]], private: set[int]) -> list[Follow]:
    seen = dict.fromkeys(private, 0)
    found = []
    for follower, followed in edges:
        if followed in private:
            seen[followed] += 1
        found.append(Follow(follower, followed, followed in private and seen[followed] % PENDING_EVERY == 0))
    return found
