"""A sandbox process as its worker sees it."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Self

from core.niceness import lower
from media.errors import IsAnimated, MediaProcessingFailed, MediaRejected, damaged, too_complex
from media.pictures import Rendered
from media.protocol import JOB, REPLY, Job, Reply

OnProgress = Callable[[float], Awaitable[None]]

_ROOT = Path(__file__).resolve().parent.parent
_START_SECONDS = 30.0
_CLOSE_SECONDS = 2.0
# Only what a picture can bring about: what comes from outside (SIGKILL, SIGTERM) is not the picture's fault.
_CRASHES = {
    signal.SIGSEGV,
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGILL,
    signal.SIGFPE,
    signal.SIGTRAP,
    signal.SIGSYS,
}


class Child:
    """One sandbox: does one job at a time. After an exception other than MediaRejected and IsAnimated `is_alive`
    may be false."""

    _PROGRAM = "media.sandbox"

    def __init__(self, process: Process) -> None:
        self._process = process
        self.jobs = 0

    @classmethod
    async def start(cls, memory_bytes: int, niceness: int = 0) -> Self:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            cls._PROGRAM,
            str(os.getpid()),
            str(memory_bytes),
            stdin=PIPE,
            stdout=PIPE,
            cwd=_ROOT,
            env=_environment(),
            # Ctrl-C at a terminal is for the worker, which then ends this process in its own time.
            start_new_session=True,
        )
        lower(process.pid, niceness)
        child = cls(process)
        try:
            async with asyncio.timeout(_START_SECONDS):
                await child._read_line()
        except BaseException:
            await child.kill()
            raise
        return child

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        return self._process.returncode is None

    async def run(self, job: Job, on_progress: OnProgress, wall_seconds: float) -> Rendered:
        """Raises MediaRejected for the picture's faults, MediaProcessingFailed for ours, IsAnimated."""
        self.jobs += 1
        try:
            async with asyncio.timeout(wall_seconds):
                return await self._converse(job, on_progress)
        except TimeoutError as error:
            raise MediaProcessingFailed(f"no answer within {wall_seconds} s") from error

    async def _converse(self, job: Job, on_progress: OnProgress) -> Rendered:
        await self._send_line(JOB.dump_json(job))
        while not (reply := await self._read()).is_last:
            await on_progress(reply.progress)
        if reply.rejection is not None:
            raise MediaRejected(reply.rejection, reply.message)
        if reply.is_animated:
            raise IsAnimated
        if reply.rendered is None:
            raise MediaProcessingFailed(reply.failure or "no reason given")
        return reply.rendered

    async def _read(self) -> Reply:
        return REPLY.validate_json(await self._read_line())

    async def _send_line(self, line: bytes) -> None:
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101  it was asked for as a pipe
        with suppress(ConnectionError):  # it is gone, and reading says why
            stdin.write(line + b"\n")
            await stdin.drain()

    async def _read_line(self) -> bytes:
        stdout = self._process.stdout
        assert stdout is not None  # noqa: S101  it was asked for as a pipe
        line = await stdout.readline()
        if not line.endswith(b"\n"):
            raise _cause_of_death(await self._process.wait())
        return line

    async def kill(self) -> None:
        if self.is_alive:
            with suppress(ProcessLookupError):
                self._process.kill()
        await self._process.wait()
        self._release()

    async def close(self) -> None:
        """Let it end by itself, which it does once its input ends; kill it where it does not."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._process.wait()
        await self.kill()

    def _release(self) -> None:
        # The transport keeps pipes open until it is collected, which warns; nothing public closes it sooner.
        self._process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001


def _environment() -> dict[str, str]:
    """What libvips and Python need, and no secret."""
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "PYTHONPATH": str(_ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        # Threads each reserve address space, which is limited; and a process per core scales better than threads.
        "VIPS_CONCURRENCY": "1",
        "MALLOC_ARENA_MAX": "2",
        "VIPS_DISC_THRESHOLD": "1g",
        "VIPS_WARNING": "0",
    }


def _cause_of_death(returncode: int) -> Exception:
    if returncode == -signal.SIGXCPU:
        return too_complex()
    if -returncode in _CRASHES:
        return damaged()
    return MediaProcessingFailed(f"the sandbox ended with {returncode}")
