"""GraphQL over HTTP: what is taken, what is refused and how, and what leaves of a fault."""

from typing import Any

import httpx
import orjson
import pytest
import structlog
from structlog.testing import capture_logs

from core.errors import RequestErrorCode, RequestFault
from services.backend import Backend
from tests.api import Api
from tests.factories import make_user


def refused(response: httpx.Response) -> tuple[int, str]:
    [error] = response.json()["errors"]
    return response.status_code, error["extensions"]["code"]


async def send(api: Api, content: Any, **headers: str) -> httpx.Response:
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return await api.client.post("/graphql", content=body, headers={"content-type": "application/json", **headers})


async def test_an_answer_carries_a_correlation_id_and_its_statements(api: Api) -> None:
    response = await send(api, {"query": "{ __typename }"}, **{"x-correlation-id": "given-by-caller"})
    assert response.status_code == 200
    assert response.headers["x-correlation-id"] == "given-by-caller"
    assert response.json() == {"data": {"__typename": "Query"}, "extensions": {"sql": {"reads": 0, "writes": 0}}}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "BAD_REQUEST"),
        (b'"text"', "BAD_REQUEST"),
        ([{"query": "{ __typename }"}], "BAD_REQUEST"),
        ({"variables": {}}, "BAD_REQUEST"),
        ({"query": 7}, "BAD_REQUEST"),
        ({"query": "{ __typename }", "variables": []}, "BAD_REQUEST"),
        ({"query": "{ __typename }", "operationName": 1}, "BAD_REQUEST"),
        ({"query": "{ nope }"}, "BAD_REQUEST"),
        ({"query": "{"}, "BAD_REQUEST"),
        ({"query": "subscription { notifications { cursor } }"}, "BAD_REQUEST"),
        ({"query": "{" + " __typename" * 5000 + "}"}, "LIMIT_EXCEEDED"),
        (b'{"query": "' + b" " * 1_000_001 + b'"}', "LIMIT_EXCEEDED"),
    ],
)
async def test_what_is_no_operation_is_refused(api: Api, content: Any, code: str) -> None:
    assert refused(await send(api, content)) == (400, code)


async def test_another_content_type_is_refused(api: Api) -> None:
    """So that no form on another site can send an operation."""
    response = await api.client.post("/graphql", content=b'{"query": "{ __typename }"}')
    assert refused(response) == (400, "BAD_REQUEST")


@pytest.mark.parametrize("header", ["Basic YTpi", "Bearer", "Bearer not.a.token", "token"])
async def test_a_bad_token_is_refused(api: Api, header: str) -> None:
    assert refused(await send(api, {"query": "{ __typename }"}, authorization=header)) == (401, "UNAUTHENTICATED")


async def test_a_browser_is_shown_graphiql(api: Api) -> None:
    response = await api.client.get("/graphql")
    assert response.status_code == 200
    assert "graphiql" in response.text.lower()


async def test_a_fault_leaves_as_internal_error_with_its_id(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def break_down(*_: Any) -> Any:
        raise RuntimeError("the password of the database is hunter2")

    monkeypatch.setattr("resolvers.query.nodes_by_id", break_down)
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as logged:
        response = await send(api, {"query": '{ node(id: "x") { id } }'}, **{"x-correlation-id": "of-this-fault"})
    [error] = response.json()["errors"]
    assert error["message"] == "Internal error; its id is of-this-fault."
    assert error["extensions"] == {"code": "INTERNAL"}
    assert "hunter2" not in response.text
    [entry] = [entry for entry in logged if entry["event"] == "internal_error"]
    assert entry["correlation_id"] == "of-this-fault"
    assert "hunter2" in str(entry["exc_info"])


async def test_a_typed_refusal_leaves_by_its_code(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any) -> Any:
        raise RequestFault(RequestErrorCode.FORBIDDEN, "Not for you.")

    monkeypatch.setattr("resolvers.query.nodes_by_id", refuse)
    [error] = (await send(api, {"query": '{ node(id: "x") { id } }'})).json()["errors"]
    assert (error["message"], error["extensions"], error["path"]) == ("Not for you.", {"code": "FORBIDDEN"}, ["node"])


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_page_has_1_to_100(api: Api, backend: Backend, first: int) -> None:
    person = await make_user(backend)
    answer = await api(
        f"{{ viewer {{ notifications(first: {first}) {{ nodes {{ id }} }} }} }}", token=person.access_token
    )
    [error] = answer["errors"]
    assert error["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert answer["data"] == {"viewer": {"notifications": None}}
