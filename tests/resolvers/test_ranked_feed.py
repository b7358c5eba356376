from collections import Counter
from typing import Any

import pytest

from models.global_ids import NodeKind, encode
from models.ids import shard_of
from services.backend import Backend
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import make_post
from tests.resolvers.posts import mutate
from tests.resolvers.test_home_feed import is_built, lively
from tests.services.feeds.town import Town
from tests.statements import counted

PAGE = """
query ($first: Int!, $after: String, $order: FeedOrder) {
  viewer { homeFeed(first: $first, after: $after, order: $order) {
    edges { cursor reason score node { __typename ... on Post {
      id caption likeCount commentCount viewerHasLiked
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


PLAIN = """
query ($first: Int!, $after: String, $order: FeedOrder) {
  viewer { homeFeed(first: $first, after: $after, order: $order) {
    edges { reason score node { ... on Post { id likeCount author { username } media { ... on Image { id } } } } }
  } }
}
"""


async def page(
    api: Api,
    person: Person,
    first: int,
    after: str | None = None,
    *,
    order: str | None = "RANKED",
    query: str = PAGE,
) -> dict[str, Any]:
    variables = {"first": first, "after": after, "order": order}
    data = await api.data(query, variables, token=person.access_token)
    found: dict[str, Any] = data["viewer"]["homeFeed"]
    return found


def posts_in(found: dict[str, Any]) -> list[str]:
    return [edge["node"]["id"] for edge in found["edges"]]


async def test_the_order_is_the_one_asked_for_or_else_the_viewers_own(api: Api, town: Town) -> None:
    viewer, posts = await lively(town, 12, 3)
    by_time = [encode(NodeKind.POST, post) for post in posts]
    liked = encode(NodeKind.POST, posts[7])
    await mutate(api, "like", "subject { ... on Post { id } }", {"subjectId": liked}, viewer)
    found = await page(api, viewer, 12)
    assert posts_in(found)[0] == liked
    assert sorted(posts_in(found)) == sorted(by_time)
    assert all(0 < edge["score"] <= 1 for edge in found["edges"])
    assert {edge["reason"] for edge in found["edges"]} == {"FOLLOWING"}
    assert found["nodes"] == [{"id": one} for one in posts_in(found)]
    assert found["edges"][0]["node"]["author"]["viewerRelationship"] == {"isFollowing": True}
    ranked = posts_in(found)
    for order in (None, "CHRONOLOGICAL"):
        assert posts_in(await page(api, viewer, 12, order=order)) == by_time
    await mutate(api, "updateFeedSettings", "viewer { feedOrder }", {"order": "RANKED"}, viewer)
    assert posts_in(await page(api, viewer, 12, order=None)) == ranked
    assert posts_in(await page(api, viewer, 12, order="CHRONOLOGICAL")) == by_time


async def test_a_cursor_of_another_or_of_none_is_refused(api: Api, town: Town) -> None:
    (viewer, _), (other, _) = await lively(town, 3, 1), await lively(town, 3, 1)
    after = (await page(api, viewer, 1))["pageInfo"]["endCursor"]
    assert len(posts_in(await page(api, viewer, 5, after))) == 2
    for who, cursor in ((other, after), (viewer, "none")):
        answer = await api(PAGE, {"first": 1, "after": cursor, "order": "RANKED"}, token=who.access_token)
        assert answer["data"] == {"viewer": {"homeFeed": None}}
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_REQUEST"]


async def spent_on(
    api: Api, town: Town, viewer: Person, *, first: int, shown: int, after: str | None = None
) -> tuple[Counter[str], Counter[str]]:
    """What the page's posts alone cost: statements on the viewer's node, and on the other; one trip to Redis."""
    async with counted(town.backend.settings) as spent:
        assert len(posts_in(await page(api, viewer, first, after, query=PLAIN))) == shown
    assert spent.redis_trips == (after is None)
    home = town.backend.shards.node_of(shard_of(viewer.id))
    return spent.statements[home], spent.statements[1 - home]


async def test_statements_do_not_depend_on_the_page_or_on_how_much_there_is(api: Api, town: Town) -> None:
    begun, again, later = [], [], []
    for count in (2, 21, 101):
        viewer, _ = await lively(town, count)
        await page(api, viewer, 1, order="CHRONOLOGICAL")
        await is_built(town, viewer.id)
        begun.append(await spent_on(api, town, viewer, first=100, shown=min(count, 100)))
        again.append(await spent_on(api, town, viewer, first=100, shown=min(count, 100)))
    after = (await page(api, viewer, 1))["pageInfo"]["endCursor"]
    small = [await spent_on(api, town, viewer, first=1, shown=1, after=cursor) for cursor in (None, after)]
    again += [await spent_on(api, town, viewer, first=first, shown=first) for first in (20, 100)]
    later += [await spent_on(api, town, viewer, first=first, shown=first, after=after) for first in (20, 99)]
    for costs in (begun, again, later):
        assert all(cost == costs[0] for cost in costs)
    # All posts that a page of one looks at may be on one node: then the other is not asked for them.
    for (home, other), (whole_home, whole_other) in zip(small, (again[0], later[0]), strict=True):
        assert home <= whole_home
        assert other <= whole_other
    # On each node the posts and, of a new snapshot, their features. On the viewer's own also: the session, whom and
    # what the viewer follows, and the items of the snapshot; of a first page what is pulled, the latest snapshot and
    # what was seen; of a new one the affinities, and three to write it, one of which names the shard.
    assert [tuple(cost.total() for cost in costs[0]) for costs in (begun, again, later)] == [(12, 2), (7, 1), (4, 1)]


async def test_many_first_pages_in_one_operation(api: Api, backend: Backend) -> None:
    """More than there are snapshots kept: each page has its own size, so each is begun on its own."""
    viewer = await make_user(backend)
    post = encode(NodeKind.POST, await make_post(backend, viewer))
    for feed in ("homeFeed(order: RANKED, ", "exploreFeed(", "reelsFeed("):
        pages = " ".join(f"a{i}: {feed}first: {i}) {{ nodes {{ ... on Post {{ id }} }} }}" for i in range(1, 26))
        found = (await api.data(f"{{ viewer {{ {pages} }} }}", token=viewer.access_token))["viewer"]
        assert all(found.values())
        assert len(found) == 25
        if feed.startswith("homeFeed"):
            assert [page["nodes"] for page in found.values()] == [[{"id": post}]] * 25
