"""GraphQL over WebSockets, by the graphql-transport-ws protocol. Strawberry speaks it; our engine answers.

The token comes in `connection_init`: `{"authorization": "Bearer TOKEN"}`. The socket closes when its session ends.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import orjson
import structlog
from starlette.routing import WebSocketRoute
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnected
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.schema import BaseSchema
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.subscriptions.protocols.graphql_transport_ws.handlers import BaseGraphQLTransportWSHandler
from strawberry.subscriptions.protocols.graphql_transport_ws.types import Message
from strawberry.types.execution import ExecutionResult, PreExecutionError

from core.errors import RequestFault, ShardUnavailable
from execution.engine import Engine
from loaders.context import Context
from models.statements import StatementCount, counted
from routes.answers import refusal
from routes.graphql import ContextOf, bearer_token, checked_operation
from services.accounts.sessions import viewer_again
from services.live import session_channel

SESSION_ENDED = 4403
RECHECK_SECONDS = 30.0
RECHECK_UNKNOWN_SECONDS = 1.0
"""The same where the session's node does not answer."""
INIT_SECONDS = 10
MAX_SUBSCRIPTIONS = 50

IsAlive = Callable[[Context], Awaitable[bool]]
"""Whether the viewer's session still is, by the truth. Raises ShardUnavailable."""

log = structlog.get_logger()


@dataclass(slots=True, eq=False, kw_only=True)
class SocketContext(Context):
    """The context of a connection: anonymous until `connection_init` names a session. Each operation has a copy."""

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
        sent = {"query": query, "variables": variable_values, "operationName": operation_name}
        return self._answers(sent, context_value)

    async def _answers(self, sent: dict[str, Any], connection: SocketContext) -> AsyncIterator[ExecutionResult]:
        try:
            text, variables, name = checked_operation(sent)
            context = await _for_operation(connection)
        except RequestFault as fault:
            yield _as_result(refusal(fault))
            return
        async with contextlib.aclosing(self._engine.stream(text, variables, name, context)) as answers:
            async for answer in answers:
                yield _as_result(answer)


async def _for_operation(connection: SocketContext) -> SocketContext:
    """A context of its own, with the viewer as stored now: who signs in or out in one operation does so for that one
    alone, and the connection stays that of its session, with which it closes. Raises RequestFault."""
    viewer = connection.viewer
    if viewer is not None:
        viewer = await viewer_again(connection.backend, connection.links, viewer)
    return replace(connection, viewer=viewer)


def _as_result(answer: dict[str, Any]) -> ExecutionResult:
    errors: Any = [SimpleNamespace(formatted=error, original_error=None) for error in answer.get("errors", ())]
    if "data" not in answer:
        return PreExecutionError(data=None, errors=errors)
    return ExecutionResult(data=answer["data"], errors=errors or None, extensions=answer.get("extensions"))


class _Handler(BaseGraphQLTransportWSHandler[SocketContext, None]):
    """Strawberry's, which takes it for granted that a message has the form that the protocol says."""

    async def handle_message(self, message: Message) -> None:
        sent: Any = message
        if (
            isinstance(sent, dict)
            and isinstance(sent.get("type"), str)
            and isinstance(sent.get("id", ""), str)
            and (sent["type"] != "subscribe" or isinstance(sent.get("payload"), dict))
        ):
            await super().handle_message(message)
        else:
            await self.handle_invalid_message("Failed to parse message")

    async def handle_task_exception(self, error: Exception) -> None:
        if not isinstance(error, WebSocketDisconnected):  # an answer that came behind the end of the session
            await super().handle_task_exception(error)


class Sockets(GraphQL[SocketContext, None]):
    """An ASGI application for WebSockets alone."""

    graphql_transport_ws_handler_class = _Handler

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

    def decode_json(self, data: str | bytes) -> object:
        """As over HTTP: nothing nested without end, no halves of surrogate pairs, no NaN."""
        return orjson.loads(data)

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
        try:
            await self._until_ended(context)
        except Exception:  # without its watch a socket would stay for good
            log.exception("session_watch_failed")
        with contextlib.suppress(RuntimeError):  # it is closed already
            await context.socket.close(SESSION_ENDED, "The session ended.")

    async def _until_ended(self, context: SocketContext) -> None:
        async with context.live.subscribe(session_channel(context.signed_in().id)) as ended:
            # Asked at once too: it may have ended before anybody listened.
            while (lives := await self._lives(context)) is not False:
                # Not `wait_for`: in Python 3.11 it loses a cancellation that meets a message.
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(RECHECK_SECONDS if lives else RECHECK_UNKNOWN_SECONDS):
                        await ended.get()

    async def _lives(self, context: SocketContext) -> bool | None:
        """None where its node does not answer: it is asked again."""
        try:
            return await self._is_alive(context)
        except ShardUnavailable:
            return None


def socket_route(sockets: Sockets) -> WebSocketRoute:
    return WebSocketRoute("/graphql", sockets)
