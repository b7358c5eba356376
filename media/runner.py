"""Pictures of strangers, opened beside the event loop in processes that they cannot take us down with."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from media.child import Child, OnProgress
from media.errors import IsAnimated, MediaRejected
from media.pictures import Limits, Rendered
from media.protocol import Job
from media.recipe import PLAIN, Recipe


@dataclass(frozen=True, slots=True)
class SandboxLimits:
    """What one process may have: address space, CPU and wall-clock seconds per picture, pictures in its life; and how
    readily it lets others go first, 19 at most."""

    memory_bytes: int = 1280 * 2**20
    cpu_seconds: int = 20
    wall_seconds: float = 60
    jobs: int = 500
    niceness: int = 0


class ImageRunner:
    """A pool of warm sandboxes. A picture waits for one that is free; one that dies is replaced.

    Use as `async with ImageRunner() as runner`, or call `start` and `close`.
    """

    def __init__(self, processes: int = 1, sandbox: SandboxLimits | None = None) -> None:
        self._processes = processes
        self._sandbox = sandbox or SandboxLimits()
        self._free = asyncio.Semaphore(processes)
        self._idle: list[Child] = []

    async def start(self) -> None:
        """Start the processes now, so that the first picture need not wait."""
        self._idle += await asyncio.gather(*(self._begin() for _ in range(self._processes)))

    async def close(self) -> None:
        idle, self._idle = self._idle, []
        await asyncio.gather(*(child.close() for child in idle))

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def process_image(
        self,
        source: Path,
        out_dir: Path,
        limits: Limits,
        *,
        declared_type: str | None = None,
        recipe: Recipe = PLAIN,
        first_frame: bool = False,
        on_progress: OnProgress | None = None,
    ) -> Rendered:
        """Probe `source`, do to it what the recipe says, and write its variants into `out_dir`, which must exist.

        `on_progress` is awaited with 0..1 after each step. Raises MediaRejected where the file is at fault,
        MediaProcessingFailed where trying again may help, IsAnimated where it moves and not only its `first_frame` is
        wanted.
        """
        job = Job(
            source=_absolute(source),
            out_dir=_absolute(out_dir),
            limits=limits,
            declared_type=declared_type,
            cpu_seconds=self._sandbox.cpu_seconds,
            recipe=recipe,
            first_frame=first_frame,
        )
        async with self._free:
            child = await self._take()
            try:
                rendered = await child.run(job, on_progress or _ignore, self._sandbox.wall_seconds)
            except (MediaRejected, IsAnimated):
                await self._give_back(child)
                raise
            except BaseException:
                # Whatever it was doing, nobody waits for it any more.
                await asyncio.shield(child.kill())
                raise
            await self._give_back(child)
            return rendered

    async def _take(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await child.kill()
        return await self._begin()

    async def _begin(self) -> Child:
        return await Child.start(self._sandbox.memory_bytes, self._sandbox.niceness)

    async def _give_back(self, child: Child) -> None:
        if child.jobs >= self._sandbox.jobs or not child.is_alive:
            await child.close()
        else:
            self._idle.append(child)


def _absolute(path: Path) -> Path:
    return path.absolute()  # the sandbox has another working directory


async def _ignore(_: float) -> None:
    """The progress of a picture that nobody watches."""
