from typing import Any

from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.collections import make
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = "collection { name cover { id } }"
PICTURE = "query ($id: ID!) { node(id: $id) { ... on Post { media { id } } } }"


async def test_name_and_cover(api: Api, backend: Backend) -> None:
    owner = await make_user(backend)
    older, newer = await make_post(backend, owner), await make_post(backend, owner)
    collection_id = await make(api, owner, "Doors", older, newer)
    pictures = [(await api.data(PICTURE, {"id": post_of(one)}))["node"]["media"][0]["id"] for one in (older, newer)]

    async def changed(**given: Any) -> tuple[str, str]:
        payload = await mutate(api, "updateCollection", SHOWN, {"collectionId": collection_id, **given}, owner)
        assert payload["userErrors"] == []
        return payload["collection"]["name"], payload["collection"]["cover"]["id"]

    assert await changed() == ("Doors", pictures[1])
    assert await changed(name="Gates") == ("Gates", pictures[1])
    assert await changed(coverPostId=post_of(older)) == ("Gates", pictures[0])
    assert await changed(name=None) == ("Gates", pictures[0])
    assert await changed(name="Doors", coverPostId=None) == ("Doors", pictures[1])


async def test_what_is_refused(api: Api, backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    inside, outside = await make_post(backend, owner), post_of(await make_post(backend, owner))
    collection_id, empty = await make(api, owner, "Doors", inside), await make(api, owner)
    before = await fingerprint(backend)
    for person, given, code, field in (
        (owner, {"collectionId": collection_id, "name": " "}, "TOO_SHORT", "name"),
        (owner, {"collectionId": collection_id, "name": "x" * 61}, "TOO_LONG", "name"),
        (owner, {"collectionId": collection_id, "coverPostId": outside}, "NOT_FOUND", "coverPostId"),
        (owner, {"collectionId": empty, "coverPostId": post_of(inside)}, "NOT_FOUND", "coverPostId"),
        (owner, {"collectionId": collection_id, "coverPostId": nobody(of="POST")}, "NOT_FOUND", "coverPostId"),
        (owner, {"collectionId": collection_id, "coverPostId": collection_id}, "NOT_FOUND", "coverPostId"),
        (owner, {"collectionId": nobody(of="COLLECTION"), "name": "x"}, "NOT_FOUND", "collectionId"),
        (owner, {"collectionId": post_of(inside), "name": "x"}, "NOT_FOUND", "collectionId"),
        (other, {"collectionId": collection_id, "name": "x"}, "NOT_FOUND", "collectionId"),
        (other, {"collectionId": collection_id, "coverPostId": post_of(inside)}, "NOT_FOUND", "collectionId"),
    ):
        payload = await mutate(api, "updateCollection", SHOWN, given, person)
        assert payload == refused("collection", code, field)
    query = 'mutation ($id: ID!) { updateCollection(input: { collectionId: $id, name: "x" }) { collection { id } } }'
    assert await error_code(api, query, {"id": collection_id}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
    payload = await mutate(api, "updateCollection", "collection { name }", {"collectionId": collection_id}, owner)
    assert payload["collection"] == {"name": "Doors"}
