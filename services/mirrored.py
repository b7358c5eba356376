"""The step after a commit on another shard: the writer sees the own write, and where it fails the event's handler does
the same."""

import asyncio
from collections.abc import Awaitable

import structlog

log = structlog.get_logger("mirrors")


STEP_SECONDS = 3.0
"""How long an answer waits for a step whose server hangs."""


async def or_later(step: Awaitable[object]) -> None:
    """The mutation stands whatever becomes of this step, so nothing that it raises may leave."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            await step
    except Exception as fault:  # noqa: BLE001  an outage, a time-out, a lock: the outbox repairs them all
        log.warning("mirror_left_to_outbox", fault=repr(fault))
