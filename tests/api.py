"""Asking the API as a client does: in this process, or over a real socket."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
from websockets.asyncio.client import ClientConnection, connect


@dataclass(slots=True)
class Api:
    """`await api(query, variables, token=…)` gives the whole answer; `.data` fails the test on errors."""

    client: httpx.AsyncClient

    async def __call__(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        response = await self.client.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        answer: dict[str, Any] = response.json()
        return answer

    async def data(
        self, query: str, variables: dict[str, Any] | None = None, *, token: str | None = None
    ) -> dict[str, Any]:
        answer = await self(query, variables, token=token)
        assert "errors" not in answer, answer["errors"]
        found: dict[str, Any] = answer["data"]
        return found


class Subscriber:
    """A client of the graphql-transport-ws protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count()

    async def subscribe(self, query: str, variables: dict[str, Any] | None = None) -> str:
        """Sends the operation; its events come by `next`."""
        number = str(next(self._ids))
        await self._send({"id": number, "type": "subscribe", "payload": {"query": query, "variables": variables}})
        return number

    async def next(self, seconds: float = 10) -> dict[str, Any]:
        """The next message that is no ping. Raises TimeoutError, or ConnectionClosed when the server closed."""
        async with asyncio.timeout(seconds):
            while True:
                message: dict[str, Any] = orjson.loads(await self._socket.recv())
                if message["type"] != "ping":
                    return message

    async def event(self, seconds: float = 10) -> dict[str, Any]:
        """The data of the next event; fails the test on errors."""
        message = await self.next(seconds)
        assert message["type"] == "next", message
        assert "errors" not in message["payload"], message
        data: dict[str, Any] = message["payload"]["data"]
        return data

    async def nothing(self, seconds: float = 0.5) -> None:
        """Fails the test if anything comes."""
        with contextlib.suppress(TimeoutError):
            raise AssertionError(await self.next(seconds))

    async def _send(self, message: dict[str, Any]) -> None:
        await self._socket.send(orjson.dumps(message).decode())


@contextlib.asynccontextmanager
async def subscriber(url: str, token: str | None = None) -> AsyncIterator[Subscriber]:
    """Connects to `ws://…/graphql`, signs in, and waits to be taken.

    Its queue has no bound: behind 16 messages that nobody has read the library reads no more, not even the answer to
    its closing, for which it would then wait 10 seconds.
    """
    async with connect(url, subprotocols=["graphql-transport-ws"], max_queue=None) as socket:  # type: ignore[list-item]
        client = Subscriber(socket)
        payload = {"authorization": f"Bearer {token}"} if token else {}
        await client._send({"type": "connection_init", "payload": payload})
        assert (await client.next())["type"] == "connection_ack"
        yield client
