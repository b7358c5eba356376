"""Posts on the pages of hashtags and places, and related hashtags, as a client asks for them."""

import secrets

from services.backend import Backend
from services.places import NewPlace
from tests.api import Api
from tests.factories import make_user
from tests.posting import make_post, post_row
from tests.resolvers.posts import nobody, post_of

POSTS = """query ($name: String!, $first: Int, $after: String) { hashtag(name: $name) {
    related { name } posts(first: $first, after: $after) { edges { cursor node { id } } nodes { id }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } }"""


async def test_a_hashtag_page_by_page(api: Api, backend: Backend) -> None:
    author, name = await make_user(backend), f"t{secrets.token_hex(5)}"
    made = [await make_post(backend, author, caption=f"#{name} #{name}too") for _ in range(3)]
    seen, after = [], None
    for number in range(2):
        found = (await api.data(POSTS, {"name": f"#{name.upper()}", "first": 2, "after": after}))["hashtag"]
        assert found["related"] == [{"name": f"{name}too"}]
        page = found["posts"]
        assert [edge["node"] for edge in page["edges"]] == page["nodes"]
        cursors = [edge["cursor"] for edge in page["edges"]]
        after = cursors[-1]
        assert page["pageInfo"] == {
            "hasNextPage": number == 0, "hasPreviousPage": number == 1, "startCursor": cursors[0], "endCursor": after
        }  # fmt: skip
        seen += [node["id"] for node in page["nodes"]]
    assert seen == [post_of(number) for number in reversed(made)]


async def test_a_place(api: Api, backend: Backend) -> None:
    author = await make_user(backend)
    made = [
        await make_post(backend, author, place=NewPlace(f"Alp {secrets.token_hex(5)}", 46.5, 7.75)) for _ in range(2)
    ]
    assert (await post_row(backend, made[0]))["place"]["id"] != (await post_row(backend, made[1]))["place"]["id"]
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { ... on Post { place { posts { nodes { id } }
        recent: posts(order: RECENT, first: 1) { nodes { id } pageInfo { hasNextPage } } } } } }"""
    found = await api.data(query, {"ids": [post_of(number) for number in made]})
    assert [node["place"] for node in found["nodes"]] == [
        {
            "posts": {"nodes": [{"id": post_of(number)}]},
            "recent": {"nodes": [{"id": post_of(number)}], "pageInfo": {"hasNextPage": False}},
        }
        for number in made
    ]


async def test_what_is_no_page(api: Api, backend: Backend) -> None:
    author, name = await make_user(backend), f"t{secrets.token_hex(5)}"
    await make_post(backend, author, caption=f"#{name}")
    for arguments, code in (("first: 0", "LIMIT_EXCEEDED"), ('after: "x"', "BAD_REQUEST")):
        for order in ("TOP", "RECENT"):
            query = f'{{ hashtag(name: "{name}") {{ name posts({arguments}, order: {order}) {{ nodes {{ id }} }} }} }}'
            answer = await api(query)
            assert answer["data"] == {"hashtag": {"name": name, "posts": None}}
            assert [error["extensions"]["code"] for error in answer["errors"]] == [code]
    answer = await api(f'{{ hashtag(name: "{name}") {{ related(first: 101) {{ name }} }} }}')
    assert answer["data"] == {"hashtag": {"related": None}}
    assert answer["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    nothing = f'{{ node(id: "{nobody(of="HASHTAG")}") {{ ... on Hashtag {{ posts {{ nodes {{ id }} }} }} }} }}'
    assert (await api.data(nothing))["node"] is None
