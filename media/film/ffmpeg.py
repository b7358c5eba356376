"""ffmpeg as a process with limits, which opens one local file and nothing else."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from core.niceness import lower
from media.errors import MediaProcessingFailed
from media.film.refusals import film_damaged, film_too_complex

OnSeconds = Callable[[float], Awaitable[None]]

_ROOT = Path(__file__).resolve().parents[2]
_TOO_MUCH = (b"cannot allocate memory", b"out of memory")
_OURS = (
    b"no space left",
    b"input/output error",
    b"permission denied",
    b"read-only file system",
    b"too many open",
    b"applying option",
)
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGSYS}


@dataclass(frozen=True, slots=True)
class FfmpegLimits:
    """What one command may have: address space, CPU and wall-clock seconds, bytes of a file that it writes; and how
    readily it lets others go first, 19 at most."""

    memory_bytes: int = 3 * 2**30
    cpu_seconds: int = 1_500
    wall_seconds: float = 840
    file_bytes: int = 256 * 2**20
    niceness: int = 0


@cache
def program() -> str:
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


async def run_ffmpeg(arguments: Sequence[str], limits: FfmpegLimits, on_seconds: OnSeconds | None = None) -> None:
    """`on_seconds` is told how much of the film is done. Raises MediaRejected for the film's faults,
    MediaProcessingFailed for ours; whatever happens, the process is gone afterwards."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-S", "-E", "-m", "media.confine", str(os.getpid())),
        *(str(limits.memory_bytes), str(limits.cpu_seconds), str(limits.file_bytes)),
        *(program(), *arguments),
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
        cwd=_ROOT,
        env={},
        start_new_session=True,
    )
    lower(process.pid, limits.niceness)
    try:
        async with asyncio.timeout(limits.wall_seconds):
            _, said = await asyncio.gather(_follow(process, on_seconds), _tail(process))
            code = await process.wait()
    except TimeoutError as error:
        raise MediaProcessingFailed(f"ffmpeg was not done within {limits.wall_seconds} s") from error
    finally:
        await asyncio.shield(_end(process))
    if code != 0:
        raise _cause(code, said)


async def _follow(process: Process, on_seconds: OnSeconds | None) -> None:
    assert process.stdout is not None  # noqa: S101  it was asked for as a pipe
    async for line in process.stdout:
        name, _, value = line.strip().partition(b"=")
        if on_seconds is not None and name == b"out_time_us" and value.isdigit():
            await on_seconds(int(value) / 1e6)


async def _tail(process: Process) -> bytes:
    """The last that it complained of; a damaged film makes it complain without end."""
    assert process.stderr is not None  # noqa: S101  it was asked for as a pipe
    kept = b""
    while chunk := await process.stderr.read(65_536):
        kept = (kept + chunk)[-8_192:]
    return kept


async def _end(process: Process) -> None:
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
    # The transport keeps pipes open until it is collected, which warns; nothing public closes it sooner.
    process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001


def _cause(code: int, said: bytes) -> Exception:
    words = said.lower()
    if code in {-signal.SIGXCPU, -signal.SIGXFSZ} or any(sign in words for sign in _TOO_MUCH):
        return film_too_complex()
    if -code in _CRASHES:
        return film_damaged()
    if code < 0 or any(sign in words for sign in _OURS):
        return MediaProcessingFailed(f"ffmpeg ended with {code}: {said[-2000:].decode(errors='replace')}")
    return film_damaged()
