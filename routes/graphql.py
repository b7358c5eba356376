"""GraphQL over HTTP: POST of JSON, and GraphiQL for people who come with a browser."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from starlette.requests import HTTPConnection, Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from strawberry.http.ides import get_graphql_ide_html  # type: ignore[attr-defined, unused-ignore]

from core.errors import RequestErrorCode, RequestFault
from execution.engine import Engine
from loaders.context import Context
from models.statements import StatementCount, counted
from routes.answers import refusal

ContextOf = Callable[[HTTPConnection, str | None], Awaitable[Context]]
"""Who asks, by an access token. Raises RequestFault (UNAUTHENTICATED) for one that is not good."""

_JSON = "application/json"


def bearer_token(header: str | None) -> str | None:
    """The token of `Authorization: Bearer …`; None without the header. Raises RequestFault for anything else."""
    if not header:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise RequestFault(RequestErrorCode.UNAUTHENTICATED, "Send `Authorization: Bearer TOKEN`.")
    return token


def graphql_route(engine: Engine, context_of: ContextOf, *, max_bytes: int, is_development: bool) -> Route:
    """POST answers operations; GET shows GraphiQL."""

    async def graphql(request: Request) -> Response:
        if request.method == "GET":
            return HTMLResponse(get_graphql_ide_html(graphql_ide="graphiql"))
        try:
            text, variables, name = await _read(request, max_bytes)
            if is_development:
                counted.set(StatementCount())
            context = await context_of(request, bearer_token(request.headers.get("authorization")))
        except RequestFault as fault:
            return _respond(refusal(fault), 401 if fault.code is RequestErrorCode.UNAUTHENTICATED else 400)
        answer = await engine.run(text, variables, name, context)
        return _respond(answer, 200 if "data" in answer else 400)

    return Route("/graphql", graphql, methods=["GET", "POST"])


def _respond(answer: dict[str, Any], status: int) -> Response:
    return Response(orjson.dumps(answer, default=str), status, media_type=_JSON)


async def _read(request: Request, max_bytes: int) -> tuple[str, dict[str, Any] | None, str | None]:
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != _JSON:
        raise RequestFault(RequestErrorCode.BAD_REQUEST, f"Send the operation as {_JSON}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise RequestFault(RequestErrorCode.LIMIT_EXCEEDED, f"A request has {max_bytes} bytes at most.")
    try:
        sent = orjson.loads(bytes(body))
    except orjson.JSONDecodeError as fault:
        raise RequestFault(RequestErrorCode.BAD_REQUEST, "The body is not JSON.") from fault
    return checked_operation(sent)


def checked_operation(sent: Any) -> tuple[str, dict[str, Any] | None, str | None]:
    """Text, variables and name out of what a client sent. Raises RequestFault (BAD_REQUEST)."""
    if not isinstance(sent, dict):
        raise RequestFault(RequestErrorCode.BAD_REQUEST, "Send one object with `query` and `variables`.")
    text, variables, name = sent.get("query"), sent.get("variables"), sent.get("operationName")
    if not isinstance(text, str):
        raise RequestFault(RequestErrorCode.BAD_REQUEST, "`query` must be a string.")
    if not isinstance(variables, dict | None):
        raise RequestFault(RequestErrorCode.BAD_REQUEST, "`variables` must be an object.")
    if not isinstance(name, str | None):
        raise RequestFault(RequestErrorCode.BAD_REQUEST, "`operationName` must be a string.")
    return text, variables, name
