"""Connections to Redis on which a cancellation is never lost, and whose loss is always told as one.

redis-py sends inside `asyncio.wait_for`. In Python 3.11 that swallows a cancellation, also one by a time limit, that
comes in the moment in which the bytes have gone out: the task would go on for as long as it liked.

It expects an OSError where a connection is lost. uvloop, asked to write to one that was reset, raises a RuntimeError.
"""

import asyncio
from collections.abc import Iterable
from typing import Any, TypeVar

from redis.asyncio import Connection, ConnectionPool, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as ConnectionLost

Pool = TypeVar("Pool", bound=ConnectionPool)


class _Strict(AbstractConnection):
    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:  # noqa: FBT001, FBT002  redis-py's signature
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        try:
            await super().send_packed_command(command, check_health)
        except RuntimeError as fault:
            if "handler is closed" in str(fault):
                raise ConnectionLost("Connection lost before writing.") from fault
            raise
        if task and task.cancelling() > before:
            await self.disconnect(nowait=True)  # its answer would be taken for that of the next command
            raise asyncio.CancelledError


class _Tcp(_Strict, Connection):
    pass


class _Tls(_Strict, SSLConnection):
    pass


class _Local(_Strict, UnixDomainSocketConnection):
    pass


_STRICT: dict[type[AbstractConnection], type[AbstractConnection]] = {
    Connection: _Tcp,
    SSLConnection: _Tls,
    UnixDomainSocketConnection: _Local,
}


def redis_pool(kind: type[Pool], url: str, **options: Any) -> Pool:
    """A pool of that kind, for a `redis://`, `rediss://` or `unix://` URL; connects at its first use."""
    pool = kind.from_url(url, **options)
    pool.connection_class = _STRICT[pool.connection_class]
    return pool
