"""A worker process: `python -m workers.run FAMILY`."""

import argparse
from contextlib import AsyncExitStack
from functools import partial

import structlog

from core.settings import Settings
from services.backend import Backend
from services.consequences import Family
from workers.bindings import FAMILIES
from workers.process import run_process, stop_signal
from workers.queue import open_queue
from workers.worker import make_worker, run_worker

log = structlog.get_logger("worker")


async def work(family: Family, settings: Settings) -> None:
    jobs = FAMILIES[family]
    told_to_stop = stop_signal()
    async with AsyncExitStack() as opened:
        backend = await Backend.open(settings)
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
