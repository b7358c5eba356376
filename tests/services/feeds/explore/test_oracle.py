"""Explore and reels of a random world against a plain model of what is allowed."""

import itertools
import random
from collections import Counter

import pytest

from services.feeds.ranking.explore import AUTHOR_MAX, AUTHOR_SPAN
from tests.services.feeds.explore.fair import Fair, random_fair

PUBLIC = {"TRENDING", "SUGGESTED"}


async def compare(fair: Fair, viewer: int, first: int) -> int:
    """How much was shown."""
    explored = await fair.whole("explore", viewer, first=first)
    ids = [edge.node.id for edge in explored]
    allowed = fair.may_be_explored(viewer)
    assert set(ids) <= allowed
    assert len(ids) == len(set(ids))
    # Whoever may be shown is, with what the viewer does not know yet.
    unknown = {post for post in allowed if (viewer, post) not in fair.likes}
    assert set(ids) <= unknown
    authors = [edge.node.author.id for edge in explored]
    assert set(authors) == {fair.made[post].author for post in unknown}
    assert all(one != other for one, other in itertools.pairwise(authors))
    for begin in range(len(authors)):
        assert max(Counter(authors[begin : begin + AUTHOR_SPAN]).values()) <= AUTHOR_MAX
    assert {edge.reason for edge in explored} <= PUBLIC | {"SIMILAR_TO_LIKED"}
    assert [edge.node.id for edge in await fair.whole("explore", viewer, first=7)] == ids

    reels = await fair.whole("reels", viewer, first=first)
    expected = fair.reels_of(viewer)
    assert sorted(edge.node.id for edge in reels) == sorted(expected)
    assert {edge.node.kind for edge in reels} <= {"REEL"}
    for edge in reels:
        wanted = expected[edge.node.id]
        assert edge.reason in (PUBLIC if wanted == "PUBLIC" else {wanted})
        touched = edge.node.like_count + edge.node.comment_count > 0
        assert wanted != "PUBLIC" or (edge.reason == "TRENDING") == touched
    people = [edge.node.author.id for edge in reels]
    if max(Counter(people).values(), default=0) <= (len(people) + 1) // 2:
        assert all(one != other for one, other in itertools.pairwise(people))
    best: dict[int, list[tuple[float, int]]] = {}
    for edge in reels:
        best.setdefault(edge.node.author.id, []).append((edge.score or 0, edge.node.id))
    assert all(some == sorted(some, reverse=True) for some in best.values())
    again = await fair.whole("reels", viewer, first=3)
    assert [(edge.node.id, edge.score, edge.reason) for edge in again] == [
        (edge.node.id, edge.score, edge.reason) for edge in reels
    ]
    return len(explored) + len(reels)


@pytest.mark.timeout(300)
async def test_five_viewers_of_a_random_world(fair: Fair) -> None:
    viewers = await random_fair(fair, random.Random(4), people=24, posts=120)
    assert min([await compare(fair, viewer, 10) for viewer in viewers[:5]]) > 10


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(3))
async def test_fifty_viewers_of_a_random_world(fair: Fair, seed: int) -> None:
    viewers = await random_fair(fair, random.Random(seed), people=70, posts=600)
    shown = [await compare(fair, viewer, 20) for viewer in viewers[:50]]
    assert len(shown) == 50
    assert min(shown) > 40
