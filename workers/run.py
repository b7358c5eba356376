"""A worker process: `python -m workers.run FAMILY`."""

import argparse
from contextlib import AsyncExitStack
from functools import partial

import structlog

from core.settings import Settings
from services.backend import Backend
from services.consequences import Family
from workers.bindings import FAMILIES
from workers.family import JobFamily
from workers.process import run_process, stop_signal
from workers.queue import open_queue
from workers.worker import make_worker, run_worker

log = structlog.get_logger("worker")


def patience(jobs: JobFamily, settings: Settings) -> Settings:
    """A node that hangs is noticed after twice the statement's time-out (the statement, then the rollback). That has
    to come before the job's own time-out, which would be held against the job: it is the node that is to blame."""
    seconds = min(settings.database_statement_timeout, jobs.timeout_seconds / 4)
    return settings.model_copy(update={"database_statement_timeout": seconds})


async def work(family: Family, settings: Settings) -> None:
    jobs = FAMILIES[family]
    told_to_stop = stop_signal()
    async with AsyncExitStack() as opened:
        backend = await Backend.open(patience(jobs, settings))
        opened.push_async_callback(backend.close)
        queue = await opened.enter_async_context(open_queue(settings.queue_url))
        for resource in jobs.resources:
            await opened.enter_async_context(resource)
        worker = make_worker(backend, queue, jobs)
        log.info("ready")
        await run_worker(worker, told_to_stop)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m workers.run")
    parser.add_argument("family", type=Family, choices=list(Family))
    family = parser.parse_args().family
    return run_process(f"worker-{family.value}", partial(work, family))


if __name__ == "__main__":
    raise SystemExit(main())
