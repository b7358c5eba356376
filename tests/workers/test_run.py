"""A worker whose node hangs: a stopped process that holds its connections open, as one behind a cut cable does."""

import contextlib
from collections.abc import Iterator

import psutil

from core.embedded.stack import Stack
from services.backend import Backend
from services.consequences import Family
from services.outbox import Job
from tests.services.outbox_rows import claimed, delivery, emitted
from workers.family import JobFamily
from workers.job import deliver
from workers.queue import open_queue
from workers.run import patience

HANGING, HEALTHY = 1, 0  # logical shards, each on the node of its number


@contextlib.contextmanager
def hanging(stack: Stack) -> Iterator[None]:
    postmaster = psutil.Process(stack.supervisor.pid("PostgreSQL node1"))
    stopped = [postmaster, *postmaster.children()]
    for process in stopped:
        process.suspend()
    try:
        yield
    finally:
        for process in stopped:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


async def test_a_node_that_hangs_is_not_held_against_the_job(own_stack: Stack) -> None:
    async def work(job: Job) -> None:
        async with job.backend.transaction(HANGING) as transaction:
            await transaction.mint_id()

    family = JobFamily(Family.FAST, 2.0, concurrency=1, functions={"welcome_notification": work})
    backend = await Backend.open(patience([family], own_stack.settings))
    async with contextlib.AsyncExitStack() as opened:
        opened.push_async_callback(backend.close)
        queue = await opened.enter_async_context(open_queue(backend.settings.queue_url))
        async with backend.transaction(HANGING) as warm:  # so that there is a connection that can hang
            await warm.mint_id()
        event_id = await emitted(backend, HEALTHY)
        one = await claimed(backend, event_id)
        opened.enter_context(hanging(own_stack))
        context = {"backend": backend, "family": family, "redis": queue, "job_id": "any"}
        await deliver(context, one.event_id, one.handler, one.attempts)
        told = await delivery(backend, event_id)
    assert (told["state"], told["attempts"], told["forgiven"]) == ("PENDING", 1, 1)
    assert "ShardUnavailable" in told["last_error"]
