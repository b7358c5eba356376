"""The composition root: settings → backend → schema → Starlette. Nobody imports it but the server's own process."""

import argparse
import asyncio
import contextlib
import gc
import socket
from collections.abc import AsyncIterator
from functools import partial

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from core.logging import configure_logging
from core.settings import Environment, Settings
from execution.engine import Engine
from execution.limits import OperationLimits
from loaders.context import Context
from resolvers.root import build_schema
from routes.answers import complete_answer, format_error
from routes.correlation import HEADER, CorrelationId
from routes.graphql import graphql_route
from routes.health import health_routes
from routes.media import media_route
from routes.origins import EveryOrigin
from routes.pace import even_out
from routes.sockets import Sockets, socket_route
from services.accounts.sessions import authenticate, session_is_alive
from services.backend import Backend
from services.live import Live
from services.withdrawals import is_withdrawn

SHARD_MAP_SECONDS = 5.0
GRACE_SECONDS = 3


def build_engine(settings: Settings) -> Engine:
    limits = OperationLimits(
        tokens=settings.query_max_tokens,
        depth=settings.query_max_depth,
        aliases=settings.query_max_aliases,
        cost=settings.query_max_cost,
        answer=settings.query_max_answer,
    )
    schema = build_schema()._schema  # noqa: SLF001  strawberry has no public way to graphql-core's schema
    return Engine(schema, limits, settings.operation_timeout_seconds, format_error, complete_answer, even_out)


class App:
    """What one API process holds. `context_of` makes the context of a request."""

    def __init__(self, settings: Settings, backend: Backend) -> None:
        self.settings = settings
        self.backend = backend
        self.live = Live(backend.redis)
        self.engine = build_engine(settings)

    async def context_of(self, connection: HTTPConnection, token: str | None) -> Context:
        """Raises RequestFault (UNAUTHENTICATED) for a token that is not good."""
        headers = connection.headers
        context = Context(
            backend=self.backend,
            live=self.live,
            user_agent=(headers.get("user-agent") or "")[:300] or None,
            ip_address=connection.client.host if connection.client else None,
            public_url=self.settings.public_url or _own_url(connection),
        )
        if token is not None:
            context.viewer = await authenticate(context.backend.settings, context.reader, context.links, token)
        return context

    @staticmethod
    async def is_alive(context: Context) -> bool:
        viewer = context.signed_in()
        return await session_is_alive(context.backend.reader(), viewer.session_id)

    def asgi(self) -> ASGIApp:
        settings, backend = self.settings, self.backend
        is_development = settings.env is Environment.DEVELOPMENT

        async def store_answers() -> None:
            reader = backend.reader()
            await reader.on_every_node("SELECT 1")
            if reader.unavailable:
                raise ConnectionError

        async def redis_answers() -> None:
            await backend.redis.ping()

        checks = {"postgresql": store_answers, "redis": redis_answers, "storage": backend.storage.check}
        sockets = Sockets(self.engine, self.context_of, self.is_alive, is_development=is_development)
        routes = [
            graphql_route(
                self.engine, self.context_of, max_bytes=settings.request_max_bytes, is_development=is_development
            ),
            socket_route(sockets),
            media_route(backend.storage, backend.signer, partial(is_withdrawn, backend)),
            *health_routes(checks),
        ]
        middleware = [
            Middleware(
                EveryOrigin,
                allow_origins=["*"],
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "range", "x-correlation-id"],
                expose_headers=[HEADER.decode(), "content-range", "content-length"],
                max_age=600,
            ),
        ]
        return CorrelationId(Starlette(routes=routes, middleware=middleware, lifespan=self._lifespan))

    @contextlib.asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        self.live.start()
        async with self.backend.shards.following_map(SHARD_MAP_SECONDS):
            yield
        await self.live.stop()
        await self.backend.close()


def _own_url(connection: HTTPConnection) -> str:
    scheme = {"ws": "http", "wss": "https"}.get(connection.url.scheme, connection.url.scheme)
    return f"{scheme}://{connection.url.netloc}"


async def open_app(settings: Settings) -> ASGIApp:
    """The application of one API process. Raises ShardUnavailable if no node answers."""
    return App(settings, await Backend.open(settings)).asgi()


async def serve(listening: socket.socket, settings: Settings) -> None:
    """Answers on a listening socket, which several processes may share, until SIGTERM, SIGINT or cancellation."""
    config = uvicorn.Config(
        await open_app(settings),
        http="httptools",
        ws="websockets-sansio",
        ws_max_size=settings.request_max_bytes,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
        raise


def main() -> None:
    """`python app.py --fd N`: one API process on an inherited socket, configured by the environment."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--fd", type=int, required=True, help="Descriptor of a listening socket.")
    settings = Settings()
    configure_logging(settings)
    # The schema and the libraries stay for ever and requests leave few cycles: looking for garbage less often
    # saves about a tenth of a page.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    uvloop.run(serve(socket.socket(fileno=parser.parse_args().fd), settings))


if __name__ == "__main__":
    main()
