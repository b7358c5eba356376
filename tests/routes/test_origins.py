"""Who may read answers: pages of any origin, told alike to all, so that one copy in a cache does for everyone."""

import pytest

from tests.api import Api

ELSEWHERE = {"Origin": "https://app.example"}
TOLD = {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "x-correlation-id, content-range, content-length",
    "vary": None,
    "access-control-allow-credentials": None,
}


@pytest.mark.parametrize("headers", [{}, ELSEWHERE, {"Cookie": "a=b"} | ELSEWHERE])
@pytest.mark.parametrize("path", ["/media/variants/nothing", "/healthz"])
async def test_every_answer_says_the_same(api: Api, path: str, headers: dict[str, str]) -> None:
    answer = await api.client.get(path, headers=headers)
    assert {name: answer.headers.get(name) for name in TOLD} == TOLD


async def test_a_page_may_send_an_operation_with_a_token(api: Api) -> None:
    asked = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization, content-type"}
    before = await api.client.options("/graphql", headers=ELSEWHERE | asked)
    assert (before.status_code, before.headers["access-control-allow-origin"]) == (200, "*")
    answer = await api.client.post("/graphql", json={"query": "{ __typename }"}, headers=ELSEWHERE)
    assert answer.json()["data"] == {"__typename": "Query"}
    assert {name: answer.headers.get(name) for name in TOLD} == TOLD


async def test_a_page_may_not_ask_for_anything_else(api: Api) -> None:
    asked = {"Access-Control-Request-Method": "DELETE"}
    assert (await api.client.options("/graphql", headers=ELSEWHERE | asked)).status_code == 400
