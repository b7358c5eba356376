"""The generator of the follow graph, at a small size; the drill of the fan-out uses the large one."""

from collections import Counter as Tally
from typing import Any

import pytest

from bench.crowd.graph import make_graph
from bench.crowd.rows import write_crowd
from core.settings import Settings
from models.tables import Counter
from services.feeds.sources import authors_for
from tests.empty_store import empty_store

SIZE: dict[str, Any] = {"people": 400, "follows": 3_000, "star": 200, "exact": (10, 60, 99)}


def test_it_has_as_many_follows_as_were_asked_for_and_their_shape() -> None:
    graph = make_graph(64, **SIZE)
    assert sum(map(len, graph.followers.values())) == 3_000
    assert {count: len(graph.followers[author]) for count, author in graph.exact.items()} == {
        200: 200, 10: 10, 60: 60, 99: 99,
    }  # fmt: skip
    assert max(len(some) for author, some in graph.followers.items() if author != graph.exact[200]) == 99
    assert 1.8 < graph.exponent() < 2.2
    for author, some in graph.followers.items():
        assert len({*some, author}) == len(some) + 1


def test_it_is_the_same_for_a_seed() -> None:
    assert make_graph(64, **SIZE).followers == make_graph(64, **SIZE).followers
    assert make_graph(64, **SIZE).followers != make_graph(64, **SIZE, seed=8).followers


def test_more_than_fits_is_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        make_graph(64, people=10, follows=1_000, star=5, exact=(3,))


async def test_it_is_in_the_tables_as_follows_are(settings: Settings) -> None:
    async with empty_store(settings, "graph", redis=12) as store:
        graph = make_graph(store.shards.logical_shards, **SIZE)
        await write_crowd(store.settings, store.shards, graph.crowd)
        reader = store.reader()
        truth = await reader.on_every_node("SELECT followed_id, follower_id FROM follows WHERE state = 'ACCEPTED'")
        pairs = {(row["followed_id"], row["follower_id"]) for row in truth}
        assert pairs == {(author, one) for author, some in graph.followers.items() for one in some}
        viewer, many = Tally(follower for _, follower in pairs).most_common(1)[0]
        assert set(await authors_for(reader, viewer)) == {viewer} | {one for one, other in pairs if other == viewer}
        counted = await reader.on_every_node("SELECT object_id, counter, value FROM counts")
        values = {(row["object_id"], row["counter"]): row["value"] for row in counted}
        assert values[viewer, int(Counter.FOLLOWING)] == many
        assert all(values[author, int(Counter.FOLLOWERS)] == len(some) for author, some in graph.followers.items())
