"""A step behind a commit: done, or left to the outbox, and never waited for without end."""

import asyncio

import pytest

from core import clock
from services import mirrored
from services.mirrored import or_later


async def fail() -> None:
    raise ConnectionError


async def hang() -> None:
    await asyncio.sleep(60)


async def test_a_step_that_fails_leaves_the_mutation_standing() -> None:
    await or_later(fail())


async def test_a_step_that_hangs_is_left_to_the_outbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mirrored, "STEP_SECONDS", 0.05)
    began = clock.monotonic()
    await or_later(hang())
    assert clock.monotonic() - began < 5


async def test_a_cancellation_is_no_fault_of_the_step() -> None:
    waiting = asyncio.create_task(or_later(hang()))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
