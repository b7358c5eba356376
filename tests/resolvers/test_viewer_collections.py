from services.backend import Backend
from services.saves import save
from tests.api import Api
from tests.factories import make_user
from tests.posting import links, make_post, set_post_state
from tests.resolvers.collections import make
from tests.resolvers.posts import post_of

PAGE = "edges { cursor node { id } } nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }"
VIEWER = f"""
    query ($first: Int!, $after: String) {{ viewer {{
        collections(first: $first, after: $after) {{ {PAGE} }}
    }} }}
"""
SAVED = VIEWER.replace("collections(", "savedPosts(")
POSTS = f"""
    query ($id: ID!, $first: Int!, $after: String) {{ node(id: $id) {{ ... on Collection {{
        postCount posts(first: $first, after: $after) {{ {PAGE} }}
    }} }} }}
"""


async def test_ones_own_collections_the_newest_first(api: Api, backend: Backend) -> None:
    owner, other = await make_user(backend), await make_user(backend)
    await make(api, other)
    made = [await make(api, owner, name) for name in "abc"]
    page = (await api.data(VIEWER, {"first": 2}, token=owner.access_token))["viewer"]["collections"]
    assert [node["id"] for node in page["nodes"]] == made[:0:-1]
    assert [edge["node"]["id"] for edge in page["edges"]] == made[:0:-1]
    assert page["pageInfo"] == {
        "hasNextPage": True,
        "hasPreviousPage": False,
        "startCursor": page["edges"][0]["cursor"],
        "endCursor": page["edges"][1]["cursor"],
    }
    after = {"first": 2, "after": page["pageInfo"]["endCursor"]}
    page = (await api.data(VIEWER, after, token=owner.access_token))["viewer"]["collections"]
    assert [node["id"] for node in page["nodes"]] == made[:1]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (False, True)


async def test_what_is_saved_and_what_is_in_a_collection(api: Api, backend: Backend) -> None:
    owner, author = await make_user(backend), await make_user(backend)
    numbers = [await make_post(backend, author) for _ in range(4)]
    collection_id = await make(api, owner, "Doors", numbers[0])
    for number in numbers[1:]:
        await save(backend, links(backend), owner.id, number)
    await set_post_state(backend, numbers[2], "DELETED")
    posts = [post_of(number) for number in numbers]
    first = (await api.data(SAVED, {"first": 1}, token=owner.access_token))["viewer"]["savedPosts"]
    assert [node["id"] for node in first["nodes"]] == [posts[3]]
    after = {"first": 5, "after": first["pageInfo"]["endCursor"]}
    rest = (await api.data(SAVED, after, token=owner.access_token))["viewer"]["savedPosts"]
    assert [edge["node"]["id"] for edge in rest["edges"]] == [posts[1], posts[0]]
    assert (first["pageInfo"]["hasNextPage"], rest["pageInfo"]["hasNextPage"]) == (True, False)
    asked = {"id": collection_id, "first": 5}
    inside = (await api.data(POSTS, asked, token=owner.access_token))["node"]
    assert (inside["postCount"], [node["id"] for node in inside["posts"]["nodes"]]) == (1, posts[:1])


async def test_bounds(api: Api, backend: Backend) -> None:
    owner = await make_user(backend)
    collection_id = await make(api, owner)
    for query in (VIEWER, SAVED, POSTS):
        for bad, code in (
            ({"first": 0}, "LIMIT_EXCEEDED"),
            ({"first": 101}, "LIMIT_EXCEEDED"),
            ({"first": 1, "after": "x"}, "BAD_REQUEST"),
        ):
            variables = bad | ({"id": collection_id} if query is POSTS else {})
            answer = await api(query, variables, token=owner.access_token)
            assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
        if query is not POSTS:
            assert (await api.data(query, {"first": 1}))["viewer"] is None
