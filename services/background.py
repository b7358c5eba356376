"""Work that an answer does not wait for, done in this process; what is lost with the process can be done again."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from contextlib import AbstractAsyncContextManager

import structlog

log = structlog.get_logger("background")


class Background:
    """`close()` it before the servers that its work needs."""

    def __init__(self, at_once: int = 4) -> None:
        self._running: dict[Hashable, asyncio.Task[None]] = {}
        self._turns = asyncio.Semaphore(at_once)

    def begin(
        self, key: Hashable, work: Callable[[], Awaitable[None]], *, waits_turn: bool = True
    ) -> asyncio.Task[None]:
        """Gives the work of the same key that is under way, if there is some. What it raises is logged.

        `waits_turn=False` is for what is short and others wait for.
        """
        if key in self._running:
            return self._running[key]
        task = asyncio.create_task(self._run(key, work, self._turns if waits_turn else contextlib.nullcontext()))
        self._running[key] = task
        task.add_done_callback(lambda _: self._running.pop(key, None))
        return task

    async def settled(self) -> None:
        """Waits until nothing is under way."""
        while self._running:
            await asyncio.wait(set(self._running.values()))

    async def close(self) -> None:
        for task in self._running.values():
            task.cancel()
        await self.settled()

    async def _run(
        self, key: Hashable, work: Callable[[], Awaitable[None]], turn: AbstractAsyncContextManager[None]
    ) -> None:
        async with turn:
            try:
                await work()
            except Exception:
                log.exception("background_failed", key=key)
