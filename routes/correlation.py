"""Gives every request an id, which its response carries and each line of its log."""

import re
import secrets
from typing import Any

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from core import clock

HEADER = b"x-correlation-id"
_ACCEPTED = re.compile(rb"[A-Za-z0-9_-]{8,128}")
log = structlog.get_logger("http")


class CorrelationId:
    """Goes around the whole application, so that a 500 carries the id too.

    Takes over a caller's `X-Correlation-Id` where it is 8 to 128 letters, digits, - or _; makes one otherwise.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        correlation_id = given if _ACCEPTED.fullmatch(given) else secrets.token_hex(16).encode()
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(correlation_id=correlation_id.decode())
        began, status = clock.monotonic(), 0

        async def send_marked(message: Message) -> None:
            nonlocal status
            if message["type"] in ("http.response.start", "websocket.accept"):
                status = message.get("status", 101)
                message["headers"] = [*message.get("headers", ()), (HEADER, correlation_id)]
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        except Exception:
            # Starlette has answered with 500 by now; what went wrong is for the log, under the id that it carries.
            log.exception("request_failed", path=scope["path"])
        finally:
            self._log(scope, status, began)

    @staticmethod
    def _log(scope: Scope, status: int, began: float) -> None:
        details: dict[str, Any] = {"path": scope["path"], "status": status}
        log.info("request", milliseconds=round((clock.monotonic() - began) * 1000, 2), **details)
