from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.collections import SHOWN, make, seen
from tests.resolvers.posts import mutate, nobody, post_of, refused


async def test_a_collection_of_posts(api: Api, backend: Backend) -> None:
    author, owner = await make_user(backend), await make_user(backend)
    posts = [post_of(await make_post(backend, author)) for _ in range(2)]
    payload = await mutate(api, "createCollection", SHOWN, {"name": " Doors ", "postIds": posts}, owner)
    collection = payload["collection"]
    assert collection["cover"]["id"]
    assert sorted(node["id"] for node in collection["posts"]["nodes"]) == sorted(posts)
    assert (collection["__typename"], collection["name"], collection["postCount"]) == ("Collection", "Doors", 2)
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { viewerHasSaved } } }"
    data = await api.data(query, {"ids": posts}, token=owner.access_token)
    assert data["nodes"] == [{"viewerHasSaved": True}] * 2


async def test_an_empty_one(api: Api, backend: Backend) -> None:
    owner = await make_user(backend)
    for given in ({"name": "a"}, {"name": "a", "postIds": None}, {"name": "a", "postIds": []}):
        payload = await mutate(api, "createCollection", SHOWN, given, owner)
        assert payload["collection"].pop("id")
        empty = {"__typename": "Collection", "name": "a", "postCount": 0, "cover": None, "posts": {"nodes": []}}
        assert payload == {"collection": empty, "userErrors": []}


async def test_what_is_refused(api: Api, backend: Backend) -> None:
    hidden, owner = await make_user(backend, is_private=True), await make_user(backend)
    own, unseen = post_of(await make_post(backend, owner)), post_of(await make_post(backend, hidden))
    before = await fingerprint(backend)
    for given, code, field in (
        ({"name": ""}, "TOO_SHORT", ["name"]),
        ({"name": "x" * 61}, "TOO_LONG", ["name"]),
        ({"name": "x", "postIds": [own] * 101}, "TOO_LONG", ["postIds"]),
        ({"name": "x", "postIds": [own, unseen]}, "NOT_FOUND", ["postIds", "1"]),
        ({"name": "x", "postIds": [own, nobody(of="POST")]}, "NOT_FOUND", ["postIds", "1"]),
        ({"name": "x", "postIds": [own, owner.global_id]}, "NOT_FOUND", ["postIds", "1"]),
    ):
        payload = await mutate(api, "createCollection", SHOWN, given, owner)
        assert payload == refused("collection", code, *field)
    assert await fingerprint(backend) == before


async def test_who_has_not_signed_in(api: Api, backend: Backend) -> None:
    before = await fingerprint(backend)
    query = 'mutation { createCollection(input: { name: "x" }) { collection { id } } }'
    assert await error_code(api, query, {}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before


async def test_nobody_else_sees_it(api: Api, backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    collection_id = await make(api, owner)
    assert await seen(api, owner, collection_id) == [{"id": collection_id}] * 2
    for person in (other, None):
        for asked in (collection_id, nobody(of="COLLECTION")):
            assert await seen(api, person, asked) == [None, None]
