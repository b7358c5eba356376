"""Follows, requests, blocks, mutes, privacy, suspensions and posts, in any order, several at once, with jobs late,
twice, killed and in the wrong order, beside a small model: at every turn everybody is shown what the model says; when
all jobs are done, mirrors and counts are what it says, and a recount finds no difference."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as fixed
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.settings import Settings
from tests.empty_store import empty_store
from tests.services.machine.play import Play, play
from tests.services.machine.script import OPENING, PEOPLE, Turn, scripts

TURNS = 500
# What diverges prints its script itself, shorter.
pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")
_stores = itertools.count(1)


async def played(
    settings: Settings,
    script: list[Turn],
    *,
    viewers_at_once: int = PEOPLE + 1,
    told: Callable[[], None] = lambda: None,
) -> Counter[str]:
    """In a store of its own. What was done how often."""
    async with empty_store(settings, f"machine_{next(_stores)}", redis=10) as store:
        begun = await Play.begun(store, viewers_at_once=viewers_at_once)
        with pytest.MonkeyPatch.context() as patch:
            begun.outbox.patched(patch)
            try:
                await play(begun, [*OPENING, *script], told=told)
            finally:
                begun.outbox.close()
                await begun.backend.background.settled()
        return begun.tally + begun.outbox.tally


async def drawn(
    number: int, turns: int, run: Callable[[list[Turn]], Coroutine[Any, Any, Counter[str]]]
) -> Counter[str]:
    """Runs the script that hypothesis draws from this seed, and smaller ones where it fails."""
    loop = asyncio.get_running_loop()
    tally: Counter[str] = Counter()

    @seed(number)
    @fixed(
        max_examples=2,  # the first is the smallest that there is: nothing
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(script=scripts(turns))
    def agree(script: list[Turn]) -> None:
        nonlocal tally
        if any(script):
            tally = asyncio.run_coroutine_threadsafe(run(script), loop).result()

    await asyncio.to_thread(agree)
    return tally


@pytest.mark.parametrize("number", range(2))
async def test_what_is_shown_is_what_the_model_says(settings: Settings, number: int) -> None:
    tally = await drawn(number, 40, lambda script: played(settings, script, viewers_at_once=2))
    assert tally["OK"] > 30
    assert tally["jobs"] > 40
    assert tally["jobs late"] > 20


@pytest.mark.drill
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("number", range(100, 120))
async def test_what_everybody_is_shown_at_500_turns_is_what_the_model_says(settings: Settings, number: int) -> None:
    bar = Progress(
        TextColumn(f"seed {number}"), BarColumn(), MofNCompleteColumn(), TextColumn("turns"), TimeElapsedColumn()
    )
    with bar:
        task = bar.add_task("", total=TURNS + len(OPENING))

        async def run(script: list[Turn]) -> Counter[str]:
            bar.reset(task)
            return await played(settings, script, told=lambda: bar.advance(task))

        tally = await drawn(number, TURNS, run)
    assert tally["turns"] > 0.9 * TURNS
    told = ", ".join(f"{number} {what}" for what, number in sorted(tally.items()))
    print(f"seed {number}: 0 divergences; {told}")  # noqa: T201  a drill tells what it did
