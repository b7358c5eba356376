from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.resolvers.uploading import start

UPLOADS = """
    query ($first: Int!, $after: String) { viewer { uploads(first: $first, after: $after) {
        nodes { id url } edges { cursor node { id } } pageInfo { hasNextPage hasPreviousPage endCursor }
    } } }
"""


async def test_ones_own_newest_first(api: Api, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    await start(api, other.access_token, b"12")
    started = [(await start(api, person.access_token, b"1234"))["id"] for _ in range(3)]
    page = (await api.data(UPLOADS, {"first": 2}, token=person.access_token))["viewer"]["uploads"]
    assert [node["id"] for node in page["nodes"]] == started[:0:-1]
    assert [edge["node"]["id"] for edge in page["edges"]] == started[:0:-1]
    assert all(node["url"] for node in page["nodes"])
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (True, False)
    after = {"first": 2, "after": page["pageInfo"]["endCursor"]}
    page = (await api.data(UPLOADS, after, token=person.access_token))["viewer"]["uploads"]
    assert [node["id"] for node in page["nodes"]] == started[:1]
    assert (page["pageInfo"]["hasNextPage"], page["pageInfo"]["hasPreviousPage"]) == (False, True)


async def test_bounds(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    for first in (0, 101):
        answer = await api(UPLOADS, {"first": first}, token=person.access_token)
        assert [error["extensions"]["code"] for error in answer["errors"]] == ["LIMIT_EXCEEDED"]
    assert (await api.data(UPLOADS, {"first": 100}))["viewer"] is None
