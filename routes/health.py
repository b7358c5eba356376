"""Whether the process lives, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

CHECK_SECONDS = 3.0
Check = Callable[[], Awaitable[None]]


async def healthz(_: Request) -> Response:
    """200 as long as the process answers."""
    return PlainTextResponse("ok")


def health_routes(checks: Mapping[str, Check]) -> list[Route]:
    """`checks`: by the name of a server, what raises if it does not answer."""

    async def readyz(_: Request) -> Response:
        """200 when every server that requests need answers, else 503; each by its name."""
        states = await asyncio.gather(*(_state(check) for check in checks.values()))
        by_name = dict(zip(checks, states, strict=True))
        is_ready = all(state == "ok" for state in states)
        return JSONResponse({"ready": is_ready, "servers": by_name}, 200 if is_ready else 503)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


async def _state(check: Check) -> str:
    try:
        await asyncio.wait_for(check(), CHECK_SECONDS)
    except Exception as fault:  # noqa: BLE001  whatever it is, the server is not ready
        return type(fault).__name__
    return "ok"
