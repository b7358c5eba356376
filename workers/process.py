"""What the processes of this room have in common: settings, logs, the loop, an exit code."""

import asyncio
import signal
from collections.abc import Callable, Coroutine
from typing import Any

import structlog
import uvloop
from redis.exceptions import RedisError

from core.embedded.stack import attached
from core.errors import ShardUnavailable
from core.logging import configure_logging
from core.settings import Settings
from workers.bindings import BadBindings, check_bindings

log = structlog.get_logger("process")


def run_process(name: str, main: Callable[[Settings], Coroutine[Any, Any, None]]) -> int:
    """Runs `main` to its end; returns the exit code. Where a server that it needs went away, it ends with 1."""
    settings = attached(Settings())
    configure_logging(settings)
    structlog.contextvars.bind_contextvars(process=name)
    try:
        check_bindings()
    except BadBindings as fault:
        log.critical("bad_bindings", fault=str(fault))
        return 2
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(main(settings))
    except (RedisError, OSError, ShardUnavailable) as fault:
        log.error("server_gone", fault=repr(fault))  # noqa: TRY400  what went away is said; the place is not the fault
        return 1
    except Exception:
        log.exception("process_failed")
        return 1
    return 0


def stop_signal() -> asyncio.Event:
    """Is set by SIGTERM and by Ctrl-C from now on. Call it inside the loop."""
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    return told
