"""Child processes: started so that they die with us, stopped in time, their output kept in a file."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.embedded.faults import data_folder_faults
from core.embedded.reaper import start_time

HERE = Path(__file__).parent
LOG_LIMIT = 20 * 1024 * 1024
BARE_PYTHON = (sys.executable, "-I", "-S")


async def _nothing() -> None:
    return


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """How to run one process.

    `ready` answers whether the process does its work now; `prepare` runs before each start, `cleanup` after
    each end. `grace` is in seconds: how long a stop waits before it sends `last_resort`.
    """

    name: str
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    account: str | None = None
    death_signal: signal.Signals = signal.SIGTERM
    stop_signal: signal.Signals = signal.SIGTERM
    last_resort: signal.Signals = signal.SIGKILL
    grace: float = 3.0
    pass_fds: tuple[int, ...] = ()
    ready: Callable[[], Awaitable[bool]] | None = None
    prepare: Callable[[], Awaitable[None]] = _nothing
    cleanup: Callable[[], Awaitable[None]] = _nothing


def trim(log: Path) -> None:
    """Keeps the last LOG_LIMIT bytes or more of a log that grows, in `NAME.log.1`; writers append."""
    if log.exists() and log.stat().st_size > LOG_LIMIT:
        log.with_suffix(".log.1").write_bytes(log.read_bytes())
        os.truncate(log, 0)


def tail(log: Path, limit: int = 8192) -> str:
    """The end of a log, `limit` bytes at most; empty where there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - limit))
            return file.read().decode(errors="replace")
    except OSError:
        return ""


def launcher(death_signal: signal.Signals, account: str | None = None) -> tuple[str, ...]:
    """What to put before a command line so that the process dies with this one."""
    script = str(HERE / "launch.py")
    return (*BARE_PYTHON, script, str(int(death_signal)), str(os.getpid()), account or "-", "--")


async def spawn(spec: ProcessSpec) -> asyncio.subprocess.Process:
    """Starts the process in a session of its own. Call it from the main thread: its death is the signal."""
    with data_folder_faults(spec.log.parent):
        trim(spec.log)
        log = os.open(spec.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        return await asyncio.create_subprocess_exec(
            *launcher(spec.death_signal, spec.account),
            *spec.argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=dict(spec.env),
            cwd=spec.cwd,
            pass_fds=spec.pass_fds,
            start_new_session=True,
        )
    finally:
        os.close(log)


async def stop(process: asyncio.subprocess.Process, spec: ProcessSpec) -> None:
    """Returns when the process is gone: asked, then after `grace` seconds told, then killed."""
    for number, seconds in ((spec.stop_signal, spec.grace), (spec.last_resort, 1.0), (signal.SIGKILL, None)):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await process.wait()


class Reaper:
    """A process that ends our children when we no longer can."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *BARE_PYTHON,
            str(HERE / "reaper.py"),
            stdin=asyncio.subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
        )

    def watch(self, pid: int, last_resort: signal.Signals) -> None:
        pipe = self._process.stdin if self._process else None
        started = start_time(pid)
        if pipe and started:
            pipe.write(f"{pid} {started} {int(last_resort)}\n".encode())

    async def stop(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                await self._process.stdin.wait_closed()
            await self._process.wait()
