"""Processes for work that comes seldom: started when some is there, ended when none has come for a while."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, Self, TypeVar

IDLE_SECONDS = 30.0

T = TypeVar("T")


class OnDemand(Generic[T]):
    """What `make` makes, opened at its first use, closed when it has not been used for `idle_seconds`.

    Use as `async with`, and within it `async with it.lent() as runner` for each piece of work.
    """

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[T]], idle_seconds: float = IDLE_SECONDS) -> None:
        self._make = make
        self._idle_seconds = idle_seconds
        self._turn = asyncio.Lock()
        self._opened: AbstractAsyncContextManager[T] | None = None
        self._runner: T | None = None
        self._users = 0
        self._ending: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stay()
        await self._close()

    @contextlib.asynccontextmanager
    async def lent(self) -> AsyncIterator[T]:
        """Raises what opening it raises."""
        self._users += 1
        self._stay()
        try:
            yield await self._open()
        finally:
            self._users -= 1
            if self._users == 0 and self._opened is not None:
                self._ending = asyncio.create_task(self._end())

    async def _open(self) -> T:
        async with self._turn:
            if self._runner is None:
                opening = self._make()
                self._runner = await opening.__aenter__()
                self._opened = opening
            return self._runner

    def _stay(self) -> None:
        if self._ending is not None:
            self._ending.cancel()
            self._ending = None

    async def _end(self) -> None:
        await asyncio.sleep(self._idle_seconds)
        # From here on nobody cancels it: who comes now waits for the end, and opens it anew.
        self._closing, self._ending = self._ending, None
        await self._close()

    async def _close(self) -> None:
        async with self._turn:
            opened, self._opened, self._runner = self._opened, None, None
            if opened is not None:
                await opened.__aexit__(None, None, None)
