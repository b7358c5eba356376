from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, make_post
from tests.resolvers.accounts import error_code
from tests.resolvers.collections import make
from tests.resolvers.posts import mutate, nobody, post_of, refused

SHOWN = "post { viewerHasSaved saveCount }"


async def test_saving_and_saving_no_more(api: Api, backend: Backend) -> None:
    author, reader = await make_user(backend), await make_user(backend)
    given = {"postId": post_of(await make_post(backend, author))}
    for name, person, post in (
        ("savePost", reader, {"viewerHasSaved": True, "saveCount": None}),
        ("savePost", author, {"viewerHasSaved": True, "saveCount": 2}),
        ("unsavePost", reader, {"viewerHasSaved": False, "saveCount": None}),
        ("unsavePost", author, {"viewerHasSaved": False, "saveCount": 0}),
    ):
        assert await mutate(api, name, SHOWN, given, person) == {"post": post, "userErrors": []}


async def test_into_a_collection_and_out_of_one_or_all(api: Api, backend: Backend) -> None:
    author, reader = await make_user(backend), await make_user(backend)
    post_id = post_of(await make_post(backend, author))
    doors, gates = await make(api, reader, "Doors"), await make(api, reader, "Gates")
    query = "query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Collection { postCount posts { nodes { id } } } } }"
    for name, collection_id, saved, inside in (
        ("savePost", doors, True, [True, False]),
        ("savePost", gates, True, [True, True]),
        ("unsavePost", doors, True, [False, True]),
        ("savePost", None, True, [False, True]),
        ("savePost", doors, True, [True, True]),
        ("unsavePost", None, False, [False, False]),
        ("unsavePost", doors, False, [False, False]),
    ):
        given = {"postId": post_id, "collectionId": collection_id}
        payload = await mutate(api, name, "post { viewerHasSaved }", given, reader)
        assert payload == {"post": {"viewerHasSaved": saved}, "userErrors": []}
        data = await api.data(query, {"ids": [doors, gates]}, token=reader.access_token)
        assert data["nodes"] == [
            {"postCount": int(is_in), "posts": {"nodes": [{"id": post_id}] * is_in}} for is_in in inside
        ]


async def test_into_anothers_collection(api: Api, backend: Backend) -> None:
    author, other = await make_user(backend), await make_user(backend)
    post_id, collection_id = post_of(await make_post(backend, author)), await make(api, other)
    before = await fingerprint(backend)
    for name in ("savePost", "unsavePost"):
        for one in (collection_id, nobody(of="COLLECTION")):
            payload = await mutate(api, name, SHOWN, {"postId": post_id, "collectionId": one}, author)
            assert payload == refused("post", "NOT_FOUND", "collectionId")
        query = f"mutation ($id: ID!) {{ {name}(input: {{ postId: $id }}) {{ post {{ id }} }} }}"
        assert await error_code(api, query, {"id": post_id}) == "UNAUTHENTICATED"
    assert await fingerprint(backend) == before


async def test_what_is_not_there(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    post_id = post_of(await make_post(backend, author))
    for name in ("savePost", "unsavePost"):
        missing = await mutate(api, name, SHOWN, {"postId": nobody(of="POST")}, author)
        assert missing == refused("post", "NOT_FOUND", "postId")
        given = {"postId": post_id, "collectionId": nobody(of="POST")}
        assert await mutate(api, name, SHOWN, given, author) == refused("post", "NOT_FOUND", "collectionId")
