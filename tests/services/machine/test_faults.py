"""The machine finds faults: with one put into the services, it diverges from the model."""

from collections import Counter
from types import ModuleType

import pytest

from core.settings import Settings
from services import visibility
from services.feeds import home
from services.feeds.reasons import FeedReason
from services.relationships import edges
from services.visible import VisiblePost
from tests.services.machine.play import Diverged
from tests.services.machine.script import Turn
from tests.services.machine.test_machine import drawn, played


async def _nothing(*_: object, **__: object) -> None:
    return None


def _yes(*_: object) -> bool:
    return True


def _everything_live(post: VisiblePost, *_: object) -> FeedReason | None:
    return FeedReason.OWN if post.state == "LIVE" else None


FAULTS: dict[str, tuple[ModuleType, str, object]] = {
    "the blocked are shown": (visibility, "is_not_blocked", _yes),
    "who blocks is shown": (visibility, "does_not_block_viewer", _yes),
    "the suspended are shown": (visibility, "is_active", _yes),
    "the private are shown": (visibility, "lets_viewer_in", _yes),
    "the archived and deleted are shown": (visibility, "post_stands", _yes),
    "withheld and deleted comments are shown": (visibility, "comment_stands", _yes),
    "the muted are in feeds": (home, "reason_of", _everything_live),
    "timelines do not hear of follows": (edges, "settle_follow", _nothing),
}


@pytest.mark.drill
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("fault", FAULTS)
async def test_a_fault_is_found(settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    async def run(script: list[Turn]) -> Counter[str]:
        try:
            return await played(settings, script, viewers_at_once=2)
        except Diverged as found:
            if not isinstance(found.__cause__, AssertionError):
                raise
            print(f"\n{fault}: {str(found).splitlines()[0]}")  # noqa: T201  a drill tells what it found
            return Counter(found=1)

    monkeypatch.setattr(*FAULTS[fault])
    for number in range(200, 210):
        if (await drawn(number, 150, run))["found"]:
            return
    pytest.fail("ten scripts of 150 turns do not meet it")
