"""Keeps processes running: waits until each is ready, starts again what dies, stops them in order."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from core import clock
from core.embedded.faults import StartupError
from core.embedded.processes import ProcessSpec, Reaper, spawn, stop, tail, trim

POLL = 0.02
FIRST_WAIT = 0.2
LONGEST_WAIT = 10.0
SETTLED = 1.0
TRIM_SECONDS = 60.0
STEADY = 30.0  # seconds of life after which a death is no longer the last one's sequel


@dataclass(slots=True, eq=False)
class Running:
    spec: ProcessSpec
    process: asyncio.subprocess.Process
    since: float
    deaths: int = 0
    keeper: asyncio.Task[None] | None = None
    respawn: asyncio.Task[asyncio.subprocess.Process] | None = None


class Supervisor:
    """Children by name. `report` is told, in one sentence, of each death and return."""

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._reaper = Reaper()
        self._running: dict[str, Running] = {}
        self._trimming: asyncio.Task[None] | None = None

    async def open(self) -> None:
        await self._reaper.start()
        self._trimming = asyncio.create_task(self._trim_logs())

    @property
    def names(self) -> list[str]:
        return list(self._running)

    def pid(self, name: str) -> int:
        return self._running[name].process.pid

    async def start(self, spec: ProcessSpec, *, seconds: float = 120.0) -> None:
        """Returns when the process is ready. Raises StartupError when it ends before, or is not in time."""
        running = await self._spawn(spec)
        self._running[spec.name] = running
        try:
            async with asyncio.timeout(seconds):
                ready = await self._until_ready(running)
        except TimeoutError:
            await self._end(running)
            raise StartupError(f"{spec.name} was not ready in {seconds:.0f} s; see {spec.log}.") from None
        if not ready:
            await self._end(running)
            raise StartupError(f"{spec.name} ended before it was ready{_last_words(spec)}; see {spec.log}.")
        running.keeper = asyncio.create_task(self._keep(running), name=f"keep {spec.name}")

    async def launch(self, spec: ProcessSpec) -> None:
        """Starts and keeps the process without waiting for it to be ready."""
        running = await self._spawn(spec)
        self._running[spec.name] = running
        running.keeper = asyncio.create_task(self._keep(running), name=f"keep {spec.name}")

    def deaths(self, name: str) -> int:
        return self._running[name].deaths

    def last_words(self, name: str) -> str:
        """ " (the last line that it printed)", or nothing."""
        return _last_words(self._running[name].spec)

    async def stop(self, names: Iterable[str]) -> None:
        """Stops these side by side; unknown names are passed over."""
        found = [self._running[name] for name in names if name in self._running]
        await asyncio.gather(*(self._end(running) for running in found))

    async def close(self) -> None:
        if self._trimming:
            self._trimming.cancel()
        await self.stop(self.names)
        await self._reaper.stop()

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.sleep(TRIM_SECONDS)
            for running in list(self._running.values()):
                with contextlib.suppress(OSError):  # a full disk is the servers' to report
                    await asyncio.to_thread(trim, running.spec.log)

    async def _spawn(self, spec: ProcessSpec) -> Running:
        await spec.prepare()
        process = await spawn(spec)
        self._reaper.watch(process.pid, spec.last_resort)
        return Running(spec, process, clock.monotonic())

    async def _until_ready(self, running: Running) -> bool:
        """Whether it became ready (without a way to ask: whether it lives for a second); False when it ended."""
        asked = running.spec.ready
        began = clock.monotonic()
        while running.process.returncode is None:
            if (clock.monotonic() - began > SETTLED) if asked is None else await asked():
                return True
            await asyncio.sleep(POLL)
        return False

    async def _end(self, running: Running) -> None:
        if running.keeper:
            running.keeper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running.keeper
        if running.respawn:
            running.process = await running.respawn
        await stop(running.process, running.spec)
        await running.spec.cleanup()
        self._running.pop(running.spec.name, None)

    async def _keep(self, running: Running) -> None:
        name = running.spec.name
        while True:
            code = await running.process.wait()
            await running.spec.cleanup()
            lived = clock.monotonic() - running.since
            running.deaths = 1 if lived > STEADY else running.deaths + 1
            wait = min(FIRST_WAIT * 2 ** (running.deaths - 1), LONGEST_WAIT)
            self._report(f"{name} died ({_ending(code)}); starting it again in {wait:.1f} s")
            await asyncio.sleep(wait)
            try:
                await running.spec.prepare()
                await self._respawn(running)
            except (StartupError, OSError) as error:
                self._report(f"{name} cannot be started: {error}")
                continue
            running.since = clock.monotonic()
            if await self._until_ready(running):
                self._report(f"{name} is back")

    async def _respawn(self, running: Running) -> None:
        # Shielded, and waited for by _end: a cancellation in the middle would lose sight of the child.
        running.respawn = asyncio.create_task(spawn(running.spec))
        running.process = await asyncio.shield(running.respawn)
        running.respawn = None
        self._reaper.watch(running.process.pid, running.spec.last_resort)


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _last_words(spec: ProcessSpec) -> str:
    lines = [line.strip() for line in tail(spec.log).splitlines() if line.strip()]
    return f" ({lines[-1][:300]})" if lines else ""
