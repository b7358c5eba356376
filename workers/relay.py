"""The relay process, `python -m workers.relay`: hands the outbox to the queue and keeps the store tidy."""

import asyncio
from contextlib import AsyncExitStack

import structlog

from core.settings import Settings
from services.accounts.claims import sweep_claims
from services.backend import Backend
from services.counts import fold_due
from services.relationships.reservations import sweep_reservations
from services.retention import expire
from services.uploads.orphans import OrphanSweep
from services.uploads.sweeping import sweep_uploads
from workers.bindings import FAMILIES
from workers.dispatch import Dispatcher
from workers.loops import end, every
from workers.process import run_process, stop_signal
from workers.queue import open_queue
from workers.wake import Wake

SWEEP_SECONDS = 1.0
FOLD_SECONDS = 2.0
MAP_SECONDS = 5.0
CLAIMS_SECONDS = 15.0
UPLOADS_SECONDS = 30.0
ORPHANS_SECONDS = 60.0
RESERVATIONS_SECONDS = 30.0
RETENTION_SECONDS = 600.0
log = structlog.get_logger("relay")


async def relay(settings: Settings) -> None:
    """Runs until SIGTERM or SIGINT. Servers that go away are waited for."""
    told_to_stop = stop_signal()
    async with AsyncExitStack() as opened:
        backend = await Backend.open(settings)
        opened.push_async_callback(backend.close)
        queue = await opened.enter_async_context(open_queue(settings.queue_url))
        wake = Wake()
        dispatcher = Dispatcher(backend, queue, list(FAMILIES.values()), wake)
        work = asyncio.create_task(_run(backend, dispatcher, wake))
        stopping = asyncio.create_task(told_to_stop.wait())
        log.info("ready")
        await asyncio.wait([work, stopping], return_when=asyncio.FIRST_COMPLETED)
        await end(stopping)
        await end(work)
        if not work.cancelled():
            work.result()


async def _run(backend: Backend, dispatcher: Dispatcher, wake: Wake) -> None:
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(wake.listen(backend))
        tasks.create_task(dispatcher.run())
        tasks.create_task(every(SWEEP_SECONDS, dispatcher.sweep, "sweep"))
        tasks.create_task(every(FOLD_SECONDS, lambda: fold_due(backend), "fold"))
        tasks.create_task(every(MAP_SECONDS, backend.shards.reload, "shard map"))
        tasks.create_task(every(CLAIMS_SECONDS, lambda: sweep_claims(backend), "claims"))
        tasks.create_task(every(UPLOADS_SECONDS, lambda: sweep_uploads(backend), "uploads"))
        tasks.create_task(every(ORPHANS_SECONDS, OrphanSweep(backend).step, "orphans"))
        tasks.create_task(every(RESERVATIONS_SECONDS, lambda: sweep_reservations(backend), "reservations"))
        tasks.create_task(every(RETENTION_SECONDS, lambda: expire(backend), "retention"))


def main() -> int:
    return run_process("relay", relay)


if __name__ == "__main__":
    raise SystemExit(main())
