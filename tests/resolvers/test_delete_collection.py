from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.collections import make, seen
from tests.resolvers.posts import mutate, nobody, post_of, refused


async def test_it_is_gone_and_its_posts_stay_saved(api: Api, backend: Backend) -> None:
    owner = await make_user(backend)
    post_id = await make_post(backend, owner)
    collection_id = await make(api, owner, "Doors", post_id)
    given = {"collectionId": collection_id}
    payload = await mutate(api, "deleteCollection", "deletedId", given, owner)
    assert payload == {"deletedId": collection_id, "userErrors": []}
    assert await seen(api, owner, collection_id) == [None, None]
    query = "{ viewer { collections { nodes { id } } savedPosts { nodes { id } } } }"
    data = await api.data(query, token=owner.access_token)
    assert data["viewer"] == {"collections": {"nodes": []}, "savedPosts": {"nodes": [{"id": post_of(post_id)}]}}
    again = await mutate(api, "deleteCollection", "deletedId", given, owner)
    assert again == refused("deletedId", "NOT_FOUND", "collectionId")


async def test_others_cannot(api: Api, backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    collection_id = await make(api, owner, "Doors", await make_post(backend, owner))
    before = await fingerprint(backend)
    for one in (collection_id, nobody(of="COLLECTION"), owner.global_id):
        payload = await mutate(api, "deleteCollection", "deletedId", {"collectionId": one}, other)
        assert payload == refused("deletedId", "NOT_FOUND", "collectionId")
    query = "mutation ($id: ID!) { deleteCollection(input: { collectionId: $id }) { deletedId } }"
    assert await error_code(api, query, {"id": collection_id}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before
    assert await seen(api, owner, collection_id) == [{"id": collection_id}] * 2
