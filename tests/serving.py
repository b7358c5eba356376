"""An API on a real socket, in this process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import httpx

from core.settings import Settings
from tests.api import Api


@contextlib.asynccontextmanager
async def api_server(settings: Settings) -> AsyncIterator[str]:
    """`http://HOST:PORT`."""
    from app import serve  # a test that needs no API does not wait for the schema to be built

    listening = socket.create_server(("127.0.0.1", 0))
    serving = asyncio.create_task(serve(listening, settings))
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    serving.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await serving
    listening.close()


@contextlib.asynccontextmanager
async def api_client(url: str) -> AsyncIterator[Api]:
    """Once the server answers."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        while True:
            with contextlib.suppress(httpx.TransportError):
                if (await client.get("/healthz")).status_code == httpx.codes.OK:
                    break
            await asyncio.sleep(0.05)
        yield Api(client)
