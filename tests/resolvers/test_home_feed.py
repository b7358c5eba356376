import asyncio
from typing import Any

import pytest

from models.global_ids import NodeKind, encode
from models.ids import MAX_ID, shard_of
from services.backend import Backend
from services.feeds import timeline
from services.feeds.timeline import Stretch
from tests.api import Api
from tests.factories import Person, make_user
from tests.services.feeds.town import Town
from tests.statements import Spent, counted

PAGE = """
query ($first: Int!, $after: String) {
  viewer { homeFeed(first: $first, after: $after) {
    edges { cursor reason score node { __typename ... on Post {
      id caption likeCount commentCount shareCount saveCount viewerHasLiked viewerHasSaved createdAt
      author { id username viewerRelationship { isFollowing } }
      media { ... on Image { id variants { url width } } }
      comments(first: 2) { nodes { id text author { username } } }
    } } }
    nodes { ... on Post { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}
"""


@pytest.fixture
def town(backend: Backend) -> Town:
    return Town(backend)


async def page(api: Api, person: Person, first: int, after: str | None = None) -> dict[str, Any]:
    data = await api.data(PAGE, {"first": first, "after": after}, token=person.access_token)
    found: dict[str, Any] = data["viewer"]["homeFeed"]
    return found


def posts_in(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


async def is_built(town: Town, viewer: int) -> int:
    """Waits for it; returns how often Redis was asked."""
    for asked in range(1, 500):
        if isinstance(await timeline.read(town.backend, viewer, MAX_ID, 1), Stretch):
            return asked
        await asyncio.sleep(0.02)
    raise TimeoutError


async def lively(town: Town, count: int, authors: int = 10) -> tuple[Person, list[int]]:
    """A viewer with so many posts to see, newest first, of authors in turn on both nodes, last on the viewer's."""
    viewer = await make_user(town.backend)
    home = town.backend.shards.node_of(shard_of(viewer.id))
    people = [
        await town.person(town.backend.shards.shards_on((home + number) % 2)[number]) for number in range(authors)
    ]
    for author in people:
        await town.set_follow(viewer.id, author)
    made = [await town.post(people[(count - 1 - number) % authors]) for number in range(count)]
    return viewer, made[::-1]


async def test_it_shows_the_posts_of_the_followed_and_the_own(api: Api, town: Town) -> None:
    viewer, posts = await lively(town, 3)
    stranger = await town.person()
    await town.post(stranger)
    own = await town.post(viewer.id)
    found = await page(api, viewer, 2)
    assert posts_in(found) == [encode(NodeKind.POST, own), encode(NodeKind.POST, posts[0])]
    assert [edge["reason"] for edge in found["edges"]] == ["OWN", "FOLLOWING"]
    assert [edge["score"] for edge in found["edges"]] == [None, None]
    assert found["edges"][1]["node"]["author"]["viewerRelationship"] == {"isFollowing": True}
    assert found["nodes"] == [{"id": id_} for id_ in posts_in(found)]
    assert found["pageInfo"]["hasNextPage"]
    rest = await page(api, viewer, 20, found["pageInfo"]["endCursor"])
    assert posts_in(rest) == [encode(NodeKind.POST, post) for post in posts[1:]]
    assert (rest["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasPreviousPage"]) == (False, True)


async def test_an_anonymous_caller_has_none(api: Api) -> None:
    assert (await api(PAGE, {"first": 1}))["data"] == {"viewer": None}


async def test_a_page_of_101_is_refused(api: Api, town: Town) -> None:
    viewer, _ = await lively(town, 1, 1)
    answer = await api(PAGE, {"first": 101}, token=viewer.access_token)
    assert answer["data"] == {"viewer": {"homeFeed": None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["LIMIT_EXCEEDED"]


async def spent_on(api: Api, town: Town, viewer: Person, first: int, shown: int) -> tuple[int, Spent]:
    """The viewer's node, and what a page cost."""
    async with counted(town.backend.settings) as spent:
        assert len(posts_in(await page(api, viewer, first))) == shown
    return town.backend.shards.node_of(shard_of(viewer.id)), spent


def same_per_node(costs: list[tuple[int, Spent]]) -> None:
    """On the viewer's node, where the newest post is too, the same statements as often. On the other one as well,
    but for what a page that shows none of its posts does not ask there."""
    home, whole = costs[-1]
    for node, cost in costs:
        assert cost.statements[node] == whole.statements[home]
        there, asked = cost.statements[1 - node], whole.statements[1 - home]
        assert {sql: asked[sql] for sql in there} == there
        assert cost.redis_trips == whole.redis_trips
    node, cost = costs[-2]
    assert cost.statements[1 - node] == whole.statements[1 - home]


async def test_statements_and_round_trips_of_a_warm_page_do_not_depend_on_its_size(api: Api, town: Town) -> None:
    whole, _ = await lively(town, 101)
    await page(api, whole, 1)
    await is_built(town, whole.id)
    pages = [await spent_on(api, town, whole, first, first) for first in (1, 20, 100)]
    feeds = []
    for count in (1, 20, 100):
        viewer, _ = await lively(town, count)
        await page(api, viewer, 1)
        await is_built(town, viewer.id)
        feeds.append(await spent_on(api, town, viewer, 100, count))
    same_per_node(pages)
    same_per_node(feeds)
    same_per_node([*pages, *feeds])
    assert feeds[-1][1].redis_trips == 1


async def test_statements_and_round_trips_of_a_cold_page_do_not_depend_on_its_size(api: Api, town: Town) -> None:
    costs = []
    for count in (1, 20, 100):
        viewer, _ = await lively(town, count)
        async with counted(town.backend.settings) as spent:
            assert len(posts_in(await page(api, viewer, count))) == count
            asked = await is_built(town, viewer.id)  # with the building behind it
        spent.redis_trips -= asked
        costs.append((town.backend.shards.node_of(shard_of(viewer.id)), spent))
    same_per_node(costs)
    assert costs[-1][1].redis_trips == 2
