"""In a store of their own: what is trending is chosen from everything that there is."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.settings import Settings
from models.global_ids import NodeKind, encode
from models.ids import shard_of
from services.backend import Backend
from services.likes import like
from tests.api import Api
from tests.empty_store import empty_store
from tests.factories import Person, make_user
from tests.posting import change, links, make_follow, make_post
from tests.serving import api_client, api_server

PAGE = """
query ($first: Int!, $after: String) {
  viewer { FIELD(first: $first, after: $after) {
    edges { cursor reason score node { __typename ... on Post {
      id kind likeCount author { id viewerRelationship { isFollowing } }
    } } }
    nodes { ... on Post { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  } }
}
"""
FIELDS = ("exploreFeed", "reelsFeed")


@pytest.fixture(scope="module")
async def backend(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings, "explore_api", redis=8) as opened:
        yield opened


@pytest.fixture(scope="module")
async def api(backend: Backend) -> AsyncIterator[Api]:
    async with api_server(backend.settings) as url, api_client(url) as client:
        yield client


async def page(api: Api, person: Person, field: str, first: int = 100, after: str | None = None) -> dict[str, Any]:
    query = PAGE.replace("FIELD", field)
    data = await api.data(query, {"first": first, "after": after}, token=person.access_token)
    found: dict[str, Any] = data["viewer"][field]
    return found


async def edges_by_post(api: Api, person: Person, field: str) -> dict[str, dict[str, Any]]:
    """All that there is, page by page."""
    found: dict[str, dict[str, Any]] = {}
    after = None
    while True:
        part = await page(api, person, field, after=after)
        assert part["pageInfo"]["hasPreviousPage"] == (after is not None)
        assert part["nodes"] == [{"id": edge["node"]["id"]} for edge in part["edges"]]
        for edge in part["edges"]:
            assert edge["node"]["id"] not in found
            found[edge["node"]["id"]] = edge
        if not part["pageInfo"]["hasNextPage"]:
            return found
        after = part["pageInfo"]["endCursor"]


async def test_explore_shows_what_those_like_who_like_the_same(api: Api, backend: Backend) -> None:
    viewer, other, author, followed = [await make_user(backend) for _ in range(4)]
    await make_follow(backend, viewer, followed)
    liked, found, known = [await make_post(backend, one) for one in (author, author, followed)]
    await like(backend, links(backend), viewer.id, NodeKind.POST, liked)
    for post in (liked, found, known):
        await like(backend, links(backend), other.id, NodeKind.POST, post)
    shown = await edges_by_post(api, viewer, "exploreFeed")
    edge = shown[encode(NodeKind.POST, found)]
    assert edge["reason"] == "SIMILAR_TO_LIKED"
    assert 0.2 < edge["score"] < 1
    assert edge["node"]["likeCount"] == 1
    assert edge["node"]["author"]["viewerRelationship"] == {"isFollowing": False}
    assert not {encode(NodeKind.POST, post) for post in (liked, known)} & shown.keys()


async def test_reels_shows_reels_of_the_followed(api: Api, backend: Backend) -> None:
    viewer, followed = await make_user(backend), await make_user(backend)
    await make_follow(backend, viewer, followed)
    reel, photograph = [await make_post(backend, followed, caption="#reel") for _ in range(2)]
    await change(backend, reel, "UPDATE posts SET kind = 'REEL' WHERE id = :id", id=reel)
    assert shard_of(reel) == shard_of(followed.id)
    shown = await edges_by_post(api, viewer, "reelsFeed")
    assert {edge["node"]["kind"] for edge in shown.values()} == {"REEL"}
    assert shown[encode(NodeKind.POST, reel)]["reason"] == "FOLLOWING"
    assert encode(NodeKind.POST, photograph) not in shown
    assert shown[encode(NodeKind.POST, reel)]["node"]["author"]["viewerRelationship"] == {"isFollowing": True}


@pytest.mark.parametrize("field", FIELDS)
async def test_an_anonymous_caller_has_none(api: Api, field: str) -> None:
    assert (await api(PAGE.replace("FIELD", field), {"first": 1}))["data"] == {"viewer": None}


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize(
    ("arguments", "code"),
    [({"first": 0}, "LIMIT_EXCEEDED"), ({"first": 101}, "LIMIT_EXCEEDED"), ({"first": 1, "after": "x"}, "BAD_REQUEST")],
)
async def test_what_is_refused(api: Api, backend: Backend, field: str, arguments: dict[str, Any], code: str) -> None:
    viewer = await make_user(backend)
    answer = await api(PAGE.replace("FIELD", field), arguments, token=viewer.access_token)
    assert answer["data"] == {"viewer": {field: None}}
    assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
