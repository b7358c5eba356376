"""Sends requests to a server on loopback, a bounded number of them, and takes what they cost."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import psutil


@dataclass(frozen=True, slots=True)
class Target:
    """`tokens` are used in turn; none for an anonymous caller."""

    port: int
    path: str
    body: bytes
    tokens: Sequence[str] = ("",)

    def requests(self) -> list[bytes]:
        return [self._request(token) for token in self.tokens]

    def _request(self, token: str) -> bytes:
        head = [
            f"POST {self.path} HTTP/1.1",
            f"host: 127.0.0.1:{self.port}",
            "content-type: application/json",
            f"content-length: {len(self.body)}",
            *([f"authorization: Bearer {token}"] if token else []),
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + self.body


class Connection:
    """One keep-alive connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> "Connection":
        return cls(*await asyncio.open_connection("127.0.0.1", port, limit=2**22))

    async def send(self, request: bytes) -> bytes:
        """The body of the answer. Raises RuntimeError for anything but 200."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head[9:12])
        lower = head.lower()
        begin = lower.index(b"content-length:") + 15
        body = await self._reader.readexactly(int(lower[begin : lower.index(b"\r", begin)]))
        if status != 200:
            raise RuntimeError(f"{status}: {body[:200]!r}")
        return body

    def close(self) -> None:
        self._writer.close()


async def send_all(target: Target, count: int, concurrency: int) -> float:
    """Requests per second."""
    requests = cycle(target.requests())
    left = iter(range(count))
    connections = [await Connection.open(target.port) for _ in range(concurrency)]

    async def work(connection: Connection) -> None:
        for _ in left:
            await connection.send(next(requests))

    began = time.perf_counter()
    await asyncio.gather(*map(work, connections))
    took = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return count / took


def cpu_seconds(*roots: int) -> float:
    """What these processes and their living children have used, user and system."""
    total = 0.0
    for root in roots:
        process = psutil.Process(root)
        for one in (process, *process.children(recursive=True)):
            used = one.cpu_times()
            total += used.user + used.system
    return total
