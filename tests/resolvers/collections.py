"""What tests of collections share."""

from models.global_ids import NodeKind, encode
from tests.api import Api
from tests.factories import Person
from tests.resolvers.posts import mutate, post_of

SHOWN = "collection { __typename id name postCount cover { id } posts { nodes { id } } }"


def collection_of(number: int) -> str:
    return encode(NodeKind.COLLECTION, number)


async def make(api: Api, owner: Person, name: str = "Doors", *post_ids: int) -> str:
    given = {"name": name, "postIds": [post_of(one) for one in post_ids]}
    payload = await mutate(api, "createCollection", SHOWN, given, owner)
    assert payload["userErrors"] == []
    return str(payload["collection"]["id"])


async def seen(api: Api, person: Person | None, collection_id: str) -> list[object]:
    """By every road that takes an id."""
    query = "query ($id: ID!, $ids: [ID!]!) { node(id: $id) { id } nodes(ids: $ids) { id } }"
    variables = {"id": collection_id, "ids": [collection_id]}
    data = await api.data(query, variables, token=person.access_token if person else None)
    return [data["node"], *data["nodes"]]
