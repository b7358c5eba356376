"""Sends requests to a server on loopback, a bounded number of them, and takes what they cost."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import psutil

from bench.operations.operation import Call


@dataclass(frozen=True, slots=True)
class Target:
    """A route, with the tokens of those who ask; nobody else is anonymous."""

    port: int
    path: str
    tokens: Mapping[int, str]

    def request(self, call: Call) -> bytes:
        token = self.tokens.get(call.viewer_id)
        head = [
            f"POST {self.path} HTTP/1.1",
            f"host: 127.0.0.1:{self.port}",
            "content-type: application/json",
            f"content-length: {len(call.body)}",
            *([f"authorization: Bearer {token}"] if token else []),
        ]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + call.body


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


async def send_all(target: Target, groups: Iterator[Sequence[Call]], count: int, concurrency: int) -> tuple[int, float]:
    """At least `count` calls, in whole groups. Returns how many they were, and how many a second. Raises RuntimeError
    for an answer that says errors."""
    connections = [await Connection.open(target.port) for _ in range(concurrency)]
    sent = 0

    async def work(connection: Connection) -> None:
        nonlocal sent
        while sent < count:
            group = next(groups)
            sent += len(group)
            for call in group:
                checked(await connection.send(target.request(call)))

    began = time.perf_counter()
    await asyncio.gather(*map(work, connections))
    took = time.perf_counter() - began
    for connection in connections:
        connection.close()
    return sent, sent / took


def checked(answer: bytes) -> bytes:
    """As it is. Raises RuntimeError for one that says errors, or that something was refused."""
    if b'"errors":' in answer or (b'"userErrors":[' in answer and b'"userErrors":[]' not in answer):
        raise RuntimeError(answer[:500].decode())
    return answer


def cpu_seconds(*roots: int) -> float:
    """What these processes and their living children have used, user and system."""
    total = 0.0
    for root in roots:
        process = psutil.Process(root)
        for one in (process, *process.children(recursive=True)):
            used = one.cpu_times()
            total += used.user + used.system
    return total
