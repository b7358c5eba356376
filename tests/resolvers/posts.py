"""Operations that tests of posts share."""

from typing import Any

from models.global_ids import NodeKind, encode
from tests.api import Api
from tests.factories import Person

ERRORS = "userErrors { code field }"


def post_of(number: int) -> str:
    return encode(NodeKind.POST, number)


def comment_of(number: int) -> str:
    return encode(NodeKind.COMMENT, number)


def nobody(*, of: str) -> str:
    """A well-formed id of nothing: on a shard that exists."""
    return encode(NodeKind[of], 1 << 40)


async def mutate(api: Api, name: str, selection: str, given: dict[str, Any], person: Person) -> dict[str, Any]:
    """The payload of a mutation: `{selection} userErrors { code field }`."""
    input_type = f"{name[0].upper()}{name[1:]}Input"
    query = f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {selection} {ERRORS} }} }}"
    data = await api.data(query, {"input": given}, token=person.access_token)
    payload: dict[str, Any] = data[name]
    return payload


def refused(name: str, code: str, *field: str) -> dict[str, Any]:
    return {name: None, "userErrors": [{"code": code, "field": list(field) or None}]}
