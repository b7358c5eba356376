"""A worker process: `python -m workers.run NAME`, one of `workers.bindings.PROCESSES`."""

import argparse
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial

import structlog

from core.niceness import give_way
from core.settings import Settings
from services.backend import Backend
from workers.bindings import PROCESSES
from workers.family import JobFamily
from workers.process import run_process, stop_signal
from workers.queue import open_queue
from workers.worker import make_worker, run_workers

log = structlog.get_logger("worker")


def patience(families: Sequence[JobFamily], settings: Settings) -> Settings:
    """A node that hangs is noticed after twice the statement's time-out (the statement, then the rollback). That has
    to come before a job's own time-out, which would be held against the job: it is the node that is to blame."""
    shortest = min(jobs.timeout_seconds for jobs in families)
    seconds = min(settings.database_statement_timeout, shortest / 4)
    return settings.model_copy(update={"database_statement_timeout": seconds})


async def work(families: Sequence[JobFamily], settings: Settings) -> None:
    told_to_stop = stop_signal()
    if any(jobs.computes for jobs in families):
        give_way(settings.media_niceness)
    async with AsyncExitStack() as opened:
        backend = await Backend.open(patience(families, settings))
        opened.push_async_callback(backend.close)
        queue = await opened.enter_async_context(open_queue(settings.queue_url))
        for jobs in families:
            for resource in jobs.resources:
                await opened.enter_async_context(resource)
        workers = [make_worker(backend, queue, jobs) for jobs in families]
        log.info("ready")
        await run_workers(workers, told_to_stop)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workers.run")
    parser.add_argument("process", choices=sorted(PROCESSES))
    name = parser.parse_args().process
    return run_process(f"worker-{name}", partial(work, PROCESSES[name]))


if __name__ == "__main__":
    raise SystemExit(main())
