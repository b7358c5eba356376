"""Commands that take long: with a bar, interruptible, and with a sentence for whatever is out of reach."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias, TypeVar

from redis.exceptions import RedisError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.errors import ShardUnavailable
from core.settings import Settings
from media.errors import StorageUnavailable
from services.backend import Backend

Found = TypeVar("Found")
Track: TypeAlias = Callable[[int, int | None], None]
"""Is told how much is done, of how much; None while that is unknown."""

INTERRUPTED = "Interrupted: what is done is done; run it again for the rest."


def run_long(
    doing: str, work: Callable[[Backend, Track], Awaitable[Found]], interrupted: Callable[[], str] = lambda: INTERRUPTED
) -> Found:
    """Does it with a bar on standard error. Raises StartupError for whatever is out of reach, and where it is
    interrupted, which `interrupted` has a sentence for."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(doing, total=None)
            return asyncio.run(_opened(work, lambda done, wanted: progress.update(task, completed=done, total=wanted)))
    except KeyboardInterrupt:
        raise StartupError(interrupted()) from None


async def _opened(work: Callable[[Backend, Track], Awaitable[Found]], track: Track) -> Found:
    try:
        backend = await Backend.open(attached(Settings()))
    except ShardUnavailable as fault:
        raise StartupError("No database node answers.") from fault
    try:
        return await work(backend, track)
    except ShardUnavailable as fault:
        raise StartupError(f"Node {fault.node} does not answer; run it again when it does.") from fault
    except StorageUnavailable as fault:
        raise StartupError(f"The storage does not answer, or refuses: {fault}") from fault
    except (RedisError, OSError) as fault:
        raise StartupError("Redis does not answer; run it again when it does.") from fault
    finally:
        await backend.close()
