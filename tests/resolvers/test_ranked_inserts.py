"""Sponsored posts and the card of people to follow, as clients get them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.backend import Backend
from services.feeds.sponsorships import end_sponsorship
from tests.api import Api
from tests.factories import make_user
from tests.posting import make_follow, make_post
from tests.resolvers.posts import post_of
from tests.services.feeds.sponsors import end_all_sponsorships, sponsor
from tests.serving import api_client, api_server

PAGE = """
query ($order: FeedOrder!, $first: Int!, $after: String) {
  viewer { homeFeed(order: $order, first: $first, after: $after) {
    edges { reason cursor node { __typename
      ... on Post { id }
      ... on SponsoredPost {
        label sponsor { username } post { id caption author { viewerRelationship { isFollowing } } }
      }
      ... on SuggestedUsers { users { reason mutualCount user { username viewerRelationship { isFollowing } } } }
    } }
    nodes { __typename }
    pageInfo { hasNextPage endCursor }
  } }
}
"""


@pytest.fixture
async def paid(backend: Backend) -> AsyncIterator[Api]:
    """A server that shows a sponsored post behind every third other."""
    await end_all_sponsorships(backend)
    settings = backend.settings.model_copy(update={"sponsored_every": 3})
    async with api_server(settings) as url, api_client(url) as api:
        yield api
    await end_all_sponsorships(backend)


async def test_a_client_gets_posts_and_what_stands_between_them(paid: Api, backend: Backend) -> None:
    viewer, author, buyer, suggested = [await make_user(backend) for _ in range(4)]
    await make_follow(backend, viewer, author)
    await make_follow(backend, author, suggested)
    posts = {post_of(await make_post(backend, author)) for _ in range(4)}
    bought = await make_post(backend, buyer, caption="The best hats")
    number = await sponsor(backend, bought, "Paid partnership")

    async def page(order: str = "RANKED", first: int = 20, after: str | None = None) -> dict[str, Any]:
        variables = {"order": order, "first": first, "after": after}
        found: dict[str, Any] = (await paid.data(PAGE, variables, token=viewer.access_token))["viewer"]["homeFeed"]
        assert found["nodes"] == [{"__typename": edge["node"]["__typename"]} for edge in found["edges"]]
        return found

    edges = (await page())["edges"]
    assert [edge["reason"] for edge in edges] == [*["FOLLOWING"] * 3, "SUGGESTED", "SPONSORED", "FOLLOWING"]
    assert {edge["node"]["id"] for edge in edges if edge["reason"] == "FOLLOWING"} == posts
    assert edges[3]["node"] == {
        "__typename": "SuggestedUsers",
        "users": [
            {
                "reason": f"Followed by {author.username}",
                "mutualCount": 1,
                "user": {"username": suggested.username, "viewerRelationship": {"isFollowing": False}},
            }
        ],
    }
    assert edges[4]["node"] == {
        "__typename": "SponsoredPost",
        "label": "Paid partnership",
        "sponsor": {"username": buyer.username},
        "post": {
            "id": post_of(bought),
            "caption": "The best hats",
            "author": {"viewerRelationship": {"isFollowing": False}},
        },
    }
    by_time = (await page("CHRONOLOGICAL"))["edges"]
    assert [edge["reason"] for edge in by_time] == ["FOLLOWING"] * 4
    first = await page(first=4)
    assert first["edges"] == edges[:4]
    await end_sponsorship(backend, number)
    rest = await page(after=first["pageInfo"]["endCursor"])
    assert (rest["edges"], rest["pageInfo"]["hasNextPage"]) == (edges[5:], False)
