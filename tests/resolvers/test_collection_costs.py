"""What pages of collections and of saved posts cost in statements: the same for one, for twenty and for a hundred."""

import pytest

from models.ids import shard_of
from services.backend import Backend
from services.collections.changing import create_collection
from services.saves import save
from tests.api import Api
from tests.factories import Person, make_user
from tests.posting import change, links, make_post
from tests.statements import counted

SIZES = (1, 20, 100)
COLLECTIONS = """
    query ($first: Int!) { viewer { collections(first: $first) { nodes {
        id name postCount cover { id url(width: 640) }
        posts(first: 2) { nodes { id caption author { username viewerRelationship { isFollowing } } } }
    } } } }
"""
SAVED = "query ($first: Int!) { viewer { savedPosts(first: $first) { nodes { id author { username } } } } }"
COPIES = """
    WITH made AS (
        INSERT INTO collections (id, owner_id, name)
        SELECT mint_id(shard_of(:owner)), :owner, 'x' FROM generate_series(1, 99) RETURNING id
    ), filled AS (
        INSERT INTO collection_posts (collection_id, post_id, state, save_version, since)
        SELECT made.id, p.post_id, p.state, p.save_version, p.since
        FROM made, collection_posts p WHERE p.collection_id = :collection
    )
    INSERT INTO count_deltas (id, object_id, counter, delta) SELECT mint_id(shard_of(:owner)), made.id, 3, 2 FROM made
"""


@pytest.fixture(scope="module")
async def owner(backend: Backend) -> Person:
    """Of a hundred collections, each with posts on both nodes, and of a hundred saved posts."""
    person = await make_user(backend)
    authors: dict[int, Person] = {}
    while len(authors) < backend.shards.node_count:
        author = await make_user(backend)
        authors.setdefault(backend.shards.node_of(shard_of(author.id)), author)
    for author in authors.values():
        for _ in range(50):
            await save(backend, links(backend), person.id, await make_post(backend, author))
    posts = [await make_post(backend, author) for author in authors.values()]
    number = await create_collection(backend, links(backend), person.id, "x", posts)
    await change(backend, number, COPIES, owner=person.id, collection=number)
    return person


async def cost(api: Api, backend: Backend, owner: Person, query: str, first: int) -> list[int]:
    """On the owner's node, and on the other."""
    await api.data(query, {"first": first}, token=owner.access_token)  # connections and their types
    async with counted(backend.settings) as spent:
        data = await api.data(query, {"first": first}, token=owner.access_token)
    [page] = data["viewer"].values()
    assert len(page["nodes"]) == first
    assert all(len(one["posts"]["nodes"]) == 2 and one["cover"] for one in page["nodes"] if "posts" in one)
    home = backend.shards.node_of(shard_of(owner.id))
    return [spent.per_node[home], spent.per_node[1 - home]]


async def test_collections_with_their_covers_and_posts(api: Api, backend: Backend, owner: Person) -> None:
    # The session and the collections; for the covers and for the pages: what is in them, and the posts.
    assert [await cost(api, backend, owner, COLLECTIONS, first) for first in SIZES] == [[6, 2]] * 3


async def test_saved_posts(api: Api, backend: Backend, owner: Person) -> None:
    # The session, what is saved, and the posts.
    assert [await cost(api, backend, owner, SAVED, first) for first in SIZES[1:]] == [[3, 1]] * 2
