"""A lost connection: a proxy that cuts."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from urllib.parse import urlsplit, urlunsplit

import httpx

CHUNK = 64 * 1024


class CuttingProxy:
    """Hands on what it is sent, to one server and back. Each time that so many bytes have come in all, it cuts every
    connection there is. `cuts` says how often it did."""

    def __init__(self, cut_after: Sequence[int]) -> None:
        self.cuts = 0
        self.received = 0
        self._cut_after = sorted(cut_after)
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: tuple[str, int] = ("", 0)
        self._port = 0

    @contextlib.asynccontextmanager
    async def before(self, url: str) -> AsyncIterator[None]:
        """Within it, stands before the server of this URL."""
        parsed = urlsplit(url)
        assert parsed.hostname is not None
        assert parsed.port is not None
        self._server = (parsed.hostname, parsed.port)
        listening = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._port = listening.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            listening.close()
            self._cut()

    async def put(self, url: str, data: bytes) -> httpx.Response:
        """Through the proxy. Raises httpx.TransportError where it cuts."""
        parsed = urlsplit(url)
        through = urlunsplit(parsed._replace(netloc=f"127.0.0.1:{self._port}"))
        async with httpx.AsyncClient(timeout=30) as client:
            return await client.put(through, content=data, headers={"Host": parsed.netloc})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there_reader, there_writer = await asyncio.open_connection(*self._server)
        ours = {writer, there_writer}
        self._writers |= ours
        back = asyncio.create_task(self._hand_on(there_reader, writer, counts=False))
        try:
            await self._hand_on(reader, there_writer, counts=True)
            await back
        finally:
            back.cancel()
            self._writers -= ours
            for one in ours:
                one.close()

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, counts: bool) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if counts:
                    self.received += len(chunk)
                    if self._cut_after and self.received >= self._cut_after[0]:
                        del self._cut_after[0]
                        self.cuts += 1
                        self._cut()
                        return
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    def _cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()
