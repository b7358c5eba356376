"""The machine finds faults: with one put into the services, it diverges from the model."""

import itertools
from collections import Counter
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import text

from core.settings import Settings
from services import likes, visibility
from services.feeds import home
from services.mirrors import Change, Edge, apply
from services.relationships import blocks, edges, follow, opening
from tests.services.machine.play import Diverged
from tests.services.machine.script import Turn
from tests.services.machine.test_machine import drawn, played

_newest = itertools.count(1_000)


async def _takes_anything(*arguments: Any, **named: Any) -> Change:
    """A mirror for which whatever it is told last is the newest."""
    return await apply(*arguments, **{**named, "version": next(_newest)})


async def _always_news(*arguments: Any, **named: Any) -> Change:
    """A block of which each job believes to be the first."""
    change = await apply(*arguments, **named)
    return Change(True, change.before, change.after, change.withheld)


async def _nothing(*_: object, **__: object) -> None:
    return None


def _yes(*_: object) -> bool:
    return True


def _counts_what_is_withheld(edge: Edge, state: str) -> int:
    return (edge.after == state) - (edge.before == state)


_ACCEPT_ANY = text(str(opening._ACCEPT).replace("AND since <=", "AND 'epoch'::timestamptz <="))

FAULTS: dict[str, tuple[ModuleType | type, str, object]] = {
    "likes stay as they were withheld": (likes, "settle_one", _nothing),
    "what is withheld is counted": (Edge, "entered", _counts_what_is_withheld),
    "the blocked are shown": (visibility, "is_not_blocked", _yes),
    "who blocks is shown": (visibility, "does_not_block_viewer", _yes),
    "the suspended are shown": (visibility, "is_active", _yes),
    "the private are shown": (visibility, "lets_viewer_in", _yes),
    "the archived and deleted are shown": (visibility, "post_stands", _yes),
    "withheld and deleted comments are shown": (visibility, "comment_stands", _yes),
    "the muted are in feeds": (
        home,
        "reason_of",
        lambda post, _: home.FeedReason.OWN if post.state == "LIVE" else None,
    ),
    "timelines do not hear of follows": (edges, "settle_follow", _nothing),
    "a late job of a block ends what came later": (blocks, "apply", _always_news),
    "a follow is begun beside a block": (follow, "refuse_blocked", _nothing),
    "who asks later is accepted": (opening, "_ACCEPT", _ACCEPT_ANY),
    "a mirror takes what is old": (edges, "apply", _takes_anything),
}


@pytest.mark.drill
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    async def run(script: list[Turn]) -> Counter[str]:
        try:
            return await played(settings, script, viewers_at_once=2)
        except Diverged as found:
            print(f"\n{fault}: {str(found).splitlines()[0]}")  # noqa: T201  a drill tells what it found
            return Counter(found=1)

    monkeypatch.setattr(*FAULTS[fault])
    for number in range(200, 205):
        if (await drawn(number, 150, run))["found"]:
            return
    pytest.fail("five scripts of 150 turns do not meet it")
