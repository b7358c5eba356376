"""Liveness, and readiness server by server."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx
import pytest
from starlette.applications import Starlette

from routes import health
from routes.health import health_routes


async def fine() -> None:
    return


async def refusing() -> None:
    raise ConnectionRefusedError


async def hanging() -> None:
    await asyncio.sleep(60)


async def ask(path: str, **checks: Callable[[], Awaitable[None]]) -> httpx.Response:
    transport = httpx.ASGITransport(Starlette(routes=health_routes(checks)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        return await http.get(path)


async def test_the_process_lives_whatever_its_servers_do() -> None:
    response = await ask("/healthz", redis=refusing)
    assert (response.status_code, response.text) == (200, "ok")


async def test_ready_when_all_answer() -> None:
    response = await ask("/readyz", redis=fine, storage=fine)
    assert response.status_code == 200
    assert response.json() == {"ready": True, "servers": {"redis": "ok", "storage": "ok"}}


async def test_not_ready_names_who_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "CHECK_SECONDS", 0.05)
    response = await ask("/readyz", redis=refusing, storage=hanging, postgresql=fine)
    assert response.status_code == 503
    assert response.json() == {
        "ready": False,
        "servers": {"redis": "ConnectionRefusedError", "storage": "TimeoutError", "postgresql": "ok"},
    }
