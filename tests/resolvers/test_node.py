from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user
from tests.resolvers.accounts import error_code

NODE = "query ($id: ID!) { node(id: $id) { __typename id ... on User { username } } }"
NODES = "query ($ids: [ID!]!) { nodes(ids: $ids) { id } }"


async def test_a_person_by_id(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    assert await api.data(NODE, {"id": person.global_id}) == {
        "node": {"__typename": "User", "id": person.global_id, "username": person.username}
    }


async def test_many_in_their_order_with_null_for_what_is_not_there(api: Api, backend: Backend) -> None:
    people = [await make_user(backend) for _ in range(4)]
    nobody = encode(NodeKind.USER, people[0].id + 1)
    elsewhere = encode(NodeKind.USER, (8000 << 10) | 1)
    of_another_kind = encode(NodeKind.SESSION, people[0].id)
    ids = [people[2].global_id, nobody, people[0].global_id, elsewhere, people[2].global_id, of_another_kind]
    answer = await api.data(NODES, {"ids": ids})
    known = {person.global_id for person in people}
    assert answer["nodes"] == [{"id": one} if one in known else None for one in ids]


async def test_what_is_no_id_is_a_fault_of_the_program(api: Api) -> None:
    for text in ("", "abc", "x" * 5000, "AAAAAAAAAAAA", "ööö"):
        assert await error_code(api, NODE, {"id": text}) == "BAD_ID"
    assert await error_code(api, NODES, {"ids": [encode(NodeKind.USER, 1)] * 101}) == "LIMIT_EXCEEDED"
