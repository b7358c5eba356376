"""Every response carries the id under which its request is logged."""

import re

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from routes.correlation import CorrelationId


async def tell(_: Request) -> Response:
    return PlainTextResponse(structlog.contextvars.get_contextvars()["correlation_id"])


async def fail(_: Request) -> Response:
    raise RuntimeError("broken")


APP = CorrelationId(Starlette(routes=[Route("/tell", tell), Route("/fail", fail)]))


def client() -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(APP), base_url="http://test")


async def test_an_id_is_made_and_bound() -> None:
    async with client() as http:
        first, second = await http.get("/tell"), await http.get("/tell")
    assert re.fullmatch(r"[0-9a-f]{32}", first.text)
    assert first.headers["x-correlation-id"] == first.text
    assert second.text != first.text


async def test_a_callers_id_is_taken_over() -> None:
    async with client() as http:
        response = await http.get("/tell", headers={"x-correlation-id": "order-12345678"})
    assert response.text == response.headers["x-correlation-id"] == "order-12345678"


@pytest.mark.parametrize("forged", ["short", "a" * 129, 'new"line12345', "ünicode-1234"])
async def test_an_id_that_could_forge_a_log_is_not(forged: str) -> None:
    async with client() as http:
        response = await http.get("/tell", headers={b"x-correlation-id": forged.encode()})
    assert re.fullmatch(r"[0-9a-f]{32}", response.text)


async def test_a_failure_carries_it_too() -> None:
    async with client() as http:
        response = await http.get("/fail", headers={"x-correlation-id": "failing-request"})
    assert response.status_code == 500
    assert response.headers["x-correlation-id"] == "failing-request"
