"""The step after a commit on another shard: the writer sees the own write, and where it fails the event's handler does
the same."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

import structlog

log = structlog.get_logger("mirrors")
Result = TypeVar("Result")


STEP_SECONDS = 3.0
"""How long an answer waits for a step whose server hangs."""


async def or_later(step: Awaitable[Result]) -> Result | None:
    """The mutation stands whatever becomes of this step, so nothing that it raises may leave: None then."""
    try:
        async with asyncio.timeout(STEP_SECONDS):
            return await step
    except Exception as fault:  # noqa: BLE001  an outage, a time-out, a lock: the outbox repairs them all
        log.warning("mirror_left_to_outbox", fault=repr(fault))
        return None
