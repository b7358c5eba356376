"""What pages of hashtags and places cost in statements, counted by the servers: the same for one, for twenty and for a
hundred, and however many pages are asked at once."""

import secrets
from dataclasses import dataclass

import pytest

from models.ids import shard_of
from services.backend import Backend
from services.hashtags import shard_of_hashtag
from services.places import NewPlace
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import change, make_post
from tests.statements import counted

SIZES = (1, 20, 100)
PAGE = """
    query ($name: String!, $first: Int!, $order: DiscoveryOrder!) { hashtag(name: $name) {
        name postCount viewerIsFollowing related { name }
        posts(first: $first, order: $order) { nodes { id likeCount author { username } } }
    } }
"""
BEHIND = """
    query ($name: String!, $first: Int!) { hashtag(name: $name) { posts(first: $first, order: RECENT) { nodes {
        hashtags { name viewerIsFollowing posts(first: 3) { nodes { id } } related(first: 1) { name } }
    } } } }
"""
PLACES = """
    query ($name: String!, $first: Int!) { hashtag(name: $name) { posts(first: $first, order: RECENT) { nodes {
        place { name postCount posts(first: 3) { nodes { id } } }
    } } } }
"""


@dataclass
class Square:
    """A hashtag on a node, with a hundred posts of authors on both, each with a hashtag and a place of its own."""

    name: str
    node: int
    viewer: Person


@pytest.fixture(scope="module")
async def square(backend: Backend) -> Square:
    authors: dict[int, Person] = {}
    viewers: dict[int, Person] = {}
    while len(authors) < backend.shards.node_count or len(viewers) < backend.shards.node_count:
        person = await make_user(backend)
        node = backend.shards.node_of(shard_of(person.id))
        (viewers if node in authors else authors)[node] = person
    name = f"square{secrets.token_hex(5)}"
    node = backend.shards.node_of(shard_of_hashtag(backend, name))
    for number in range(100):
        place = NewPlace(f"{name} {number}", 1.0, 2.0)
        caption = f"#{name} #{name}of{number}"
        await make_post(backend, authors[number % len(authors)], caption=caption, place=place)
    return Square(name, node, viewers[1 - node])


async def cost(api: Api, backend: Backend, square: Square, query: str, first: int, **more: str) -> list[int]:
    """On the node of the hashtag, and on the other, which is the viewer's."""
    variables = {"name": square.name, "first": first, **more}
    await api.data(query, variables, token=square.viewer.access_token)  # connections and their types; tops
    async with counted(backend.settings) as spent:
        data = await api.data(query, variables, token=square.viewer.access_token)
    nodes = data["hashtag"]["posts"]["nodes"]
    assert len(nodes) == first
    for node in nodes:
        assert all(len(one["posts"]["nodes"]) > 0 and len(one["related"]) == 1 for one in node.get("hashtags", ()))
        assert len(node.get("place", {"posts": {"nodes": [1]}})["posts"]["nodes"]) == 1
    return [spent.per_node[square.node], spent.per_node[1 - square.node]]


@pytest.mark.parametrize("order", ["TOP", "RECENT"])
async def test_a_page(api: Api, backend: Backend, square: Square, order: str) -> None:
    found = [await cost(api, backend, square, PAGE, first, order=order) for first in SIZES]
    # Hashtag, count, what it has twice (posts and related), and of these the posts twice; the other node the session,
    # whether it is followed, and the posts twice.
    assert found == [[6, 4]] * 3


async def test_the_first_who_comes_makes_the_order(api: Api, backend: Backend, square: Square) -> None:
    variables = {"name": square.name, "first": 5, "order": "TOP"}
    await api.data(PAGE, variables)
    sql = "DELETE FROM page_tops WHERE shard_of(page_id) = :shard"
    shard = shard_of_hashtag(backend, square.name)
    await change(backend, shard << 10, sql, shard=shard)
    spent = []
    for _ in range(2):
        async with counted(backend.settings) as counting:
            await api.data(PAGE, variables)
        spent.append([counting.per_node[square.node], counting.per_node[1 - square.node]])
    # More at first: what is listed, counts on both nodes, and what is kept, with the shard that the transaction names.
    assert spent == [[10, 3], [6, 2]]


async def test_many_pages_behind_posts(api: Api, backend: Backend, square: Square) -> None:
    # The hashtag, its posts twice, and behind these tops, their posts, and what stands together twice; on the other
    # node the session, the posts, what is followed, and the same behind them.
    found = [await cost(api, backend, square, BEHIND, first) for first in (20, 50)]
    assert found[0] == found[1] == [7, 7]
    found = [await cost(api, backend, square, PLACES, first) for first in (20, 50)]
    assert found[0] == found[1] == [6, 5]
