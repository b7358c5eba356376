"""GraphQL over WebSockets, by the graphql-transport-ws protocol. Strawberry speaks it; our engine answers.

The token comes in `connection_init`: `{"authorization": "Bearer TOKEN"}`. The socket closes when its session ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import orjson
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types.execution import ExecutionResult, PreExecutionError

from core.errors import RequestFault
from execution.engine import Engine
from loaders.context import Context
from models.statements import StatementCount, counted
from routes.graphql import ContextOf, bearer_token
from services.live import session_channel

SESSION_ENDED = 4403
RECHECK_SECONDS = 30.0
INIT_SECONDS = 10
MAX_SUBSCRIPTIONS = 50

IsAlive = Callable[[Context], Awaitable[bool]]
"""Whether the viewer's session still is, by the truth."""


@dataclass(slots=True, eq=False, kw_only=True)
class SocketContext(Context):
    """The context of a connection: anonymous until `connection_init` names a session."""

    socket: WebSocket
    connection_params: dict[str, Any] | None = None
    watch: asyncio.Task[None] | None = None

    def fresh(self) -> None:
        """Forgets, too, which nodes did not answer: a connection outlives an outage."""
        Context.fresh(self)
        self.reader = self.backend.reader()


class _Streams:
    """Stands where strawberry's handler expects a schema, of which it asks this alone."""

    def __init__(self, engine: Engine, *, is_development: bool) -> None:
        self._engine = engine
        self._is_development = is_development

    async def stream(
        self,
        query: str | None,
        variable_values: dict[str, Any] | None = None,
        context_value: Any = None,
        root_value: Any = None,  # noqa: ARG002  strawberry's signature
        operation_name: str | None = None,
    ) -> AsyncIterator[ExecutionResult]:
        if self._is_development:
            counted.set(StatementCount())
        context_value.fresh()
        return _as_results(self._engine.stream(query or "", variable_values, operation_name, context_value))


async def _as_results(answers: AsyncIterator[dict[str, Any]]) -> AsyncIterator[ExecutionResult]:
    async for answer in answers:
        errors: Any = [SimpleNamespace(formatted=error, original_error=None) for error in answer.get("errors", ())]
        if "data" not in answer:
            yield PreExecutionError(data=None, errors=errors)
        else:
            yield ExecutionResult(data=answer["data"], errors=errors or None, extensions=answer.get("extensions"))


class Sockets(GraphQL[SocketContext, None]):
    """An ASGI application for WebSockets alone."""

    def __init__(self, engine: Engine, context_of: ContextOf, is_alive: IsAlive, *, is_development: bool) -> None:
        streams: BaseSchema = _Streams(engine, is_development=is_development)  # type: ignore[assignment]
        super().__init__(
            streams,
            subscription_protocols=(GRAPHQL_TRANSPORT_WS_PROTOCOL,),
            connection_init_wait_timeout=timedelta(seconds=INIT_SECONDS),
            max_subscriptions_per_connection=MAX_SUBSCRIPTIONS,
            # A page elsewhere gains nothing: the token is in the first message, never in a cookie.
            allowed_origins=("*",),
        )
        self._context_of = context_of
        self._is_alive = is_alive

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data, default=str).decode()

    async def get_context(self, request: Any, response: Any) -> SocketContext:
        anonymous = await self._context_of(request, None)
        return SocketContext(
            backend=anonymous.backend,
            live=anonymous.live,
            user_agent=anonymous.user_agent,
            ip_address=anonymous.ip_address,
            public_url=anonymous.public_url,
            socket=response,
        )

    async def on_ws_connect(self, context: SocketContext) -> dict[str, object] | None:
        params = context.connection_params or {}
        header = params.get("authorization") or params.get("Authorization")
        try:
            token = bearer_token(header if isinstance(header, str) else None)
            if token is not None:
                context.viewer = (await self._context_of(context.socket, token)).viewer
        except RequestFault as fault:
            raise ConnectionRejectionError from fault
        if context.viewer is not None:
            context.watch = asyncio.create_task(self._close_with_session(context))
            context.socket.state.watch = context.watch
        return {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})
        socket_state = scope["state"] = dict(scope["state"])
        try:
            await super().__call__(scope, receive, send)
        finally:
            watch = socket_state.get("watch")
            if watch is not None:
                watch.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watch

    async def _close_with_session(self, context: SocketContext) -> None:
        viewer = context.signed_in()
        async with context.live.subscribe(session_channel(viewer.id)) as ended:
            while True:
                # Not `wait_for`: in Python 3.11 it loses a cancellation that meets a message.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RECHECK_SECONDS):
                        await ended.get()
                if not await self._is_alive(context):
                    with contextlib.suppress(RuntimeError):  # it is closed already
                        await context.socket.close(SESSION_ENDED, "The session ended.")
                    return


def socket_route(sockets: Sockets) -> WebSocketRoute:
    return WebSocketRoute("/graphql", sockets)
