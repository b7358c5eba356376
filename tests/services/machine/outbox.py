"""The outbox, emptied by the test: jobs late, twice, killed in the middle, in any order; and steps behind commits that
are never done, or done at some later time."""

import contextvars
import random
from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import pytest

from core import clock
from models.ids import floor_of
from services import likes, saves, withholding
from services.backend import Backend
from services.comments import add, mirror
from services.comments import delete as delete_comment
from services.consequences import CONSEQUENCES, EventKind
from services.feeds.follows import FollowUnsettled
from services.mirrored import or_later
from services.outbox import Deferred, Job, Unfinished
from services.posts import archive, create, delete
from services.relationships import blocks, edges, follow, opening, reservations
from services.withholding import Unsettled
from tests.services.machine.model import Pair
from tests.services.machine.script import PLAIN, SKIPPED, Work
from workers.fanout import FANOUT
from workers.fast import FAST

FUNCTIONS = {**FAST.functions, **FANOUT.functions}
REPAIRS = ("repair_", "withhold_", "accept_")
OF_POSTS = {"fan_out_post", "withdraw_post"}
OF_FOLLOWS = {"repair_follow", "refresh_followed"}
HANDLERS = {name for name in FUNCTIONS if name.startswith(REPAIRS)} | OF_POSTS | OF_FOLLOWS | {"list_post"}
"""Notifications, names and files are not in the model."""
STEPS: tuple[ModuleType, ...] = (
    likes, saves, add, delete_comment, archive, create, delete, blocks, edges, follow, reservations
)  # fmt: skip
NEW_EVENTS = "SELECT id, kind, payload FROM events WHERE id > $1"
BACK_MS = 60_000
FOREVER = 1_000_000

way: contextvars.ContextVar[str] = contextvars.ContextVar("way", default=PLAIN)
"""What becomes of the steps behind commits of whoever runs."""


class Died(Exception):
    """The worker, where it had saved its progress."""


@dataclass
class LateJob(Job):
    """`is_direct`: who caused it has done by itself what the job does."""

    is_direct: bool = False
    lives: int = FOREVER

    async def save_progress(self, progress: dict[str, Any]) -> None:
        self.progress = progress
        if not self.lives:
            raise Died
        self.lives -= 1


@dataclass
class Outbox:
    backend: Backend
    strays: list[Coroutine[Any, Any, object]] = field(default_factory=list)
    due: list[LateJob] = field(default_factory=list)
    done: list[LateJob] = field(default_factory=list)
    heard: set[int] = field(default_factory=set)
    tally: Counter[str] = field(default_factory=Counter)
    turn: int = 0

    def patched(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """For as long as the monkeypatch lasts: steps take the way of who runs; jobs go by very few."""

        async def step_or_later(step: Coroutine[Any, Any, object]) -> object:
            chosen = way.get()
            if chosen == PLAIN:
                return await or_later(step)
            self.tally[f"steps {chosen}"] += 1
            if chosen == SKIPPED:
                step.close()
            else:
                self.strays.append(step)
            return None

        for module in STEPS:
            if hasattr(module, "or_later"):
                monkeypatch.setattr(module, "or_later", step_or_later)
        monkeypatch.setattr(withholding, "CHUNK", 2)
        monkeypatch.setattr(mirror, "CHUNK", 2)
        monkeypatch.setattr(opening, "AT_ONCE", 1)

    async def hear(self, *, is_direct: bool = False) -> None:
        """Takes up the jobs of what has happened since. Events come in no order: of the last minute all are looked
        at."""
        since = floor_of(clock.now_ms() - BACK_MS)
        for row in await self.backend.reader().on_every_node(NEW_EVENTS, since):
            if row["id"] in self.heard:
                continue
            self.heard.add(row["id"])
            kind = EventKind(row["kind"])
            jobs = [
                LateJob(self.backend, row["id"], kind, one.name, row["payload"], self.turn, None, 10.0, None, is_direct)
                for one in CONSEQUENCES[kind]
                if one.name in HANDLERS
            ]
            self.tally["events"] += bool(jobs)
            self.due += jobs

    async def work(self, wanted: Work) -> None:
        """Does nothing where there is no such job."""
        repeated = wanted.again and bool(self.done)
        if repeated:
            job = self.done.pop(wanted.which % len(self.done))
        elif self.strays and wanted.which % 4 == 0:
            self.tally["steps done late"] += 1
            await or_later(self.strays.pop(wanted.which // 4 % len(self.strays)))
            return
        elif self.due:
            job = self.due.pop(wanted.which % len(self.due))
        else:
            return
        job.lives = FOREVER if wanted.lives == 3 else wanted.lives
        self.tally["jobs"] += 1
        self.tally["jobs again"] += repeated
        self.tally["jobs late"] += job.attempt < self.turn - 1
        try:
            await FUNCTIONS[job.handler](job)
        except (Died, Deferred, Unfinished, Unsettled, FollowUnsettled) as fault:
            self.tally[f"jobs {type(fault).__name__}"] += 1
            (self.done if repeated else self.due).append(job)
        else:
            job.progress = None
            self.done.append(job)

    async def settle(self, dice: random.Random) -> None:
        """Until nothing is left to be done."""
        await self.hear()
        tries = 0
        while self.due or self.strays:
            await self.work(Work(dice.randrange(256), dice.choice([0, 1, 3, 3]), dice.random() < 0.1))
            await self.hear()
            tries += 1
            assert tries < 5_000, f"jobs that never end: {[(job.handler, job.payload) for job in self.due]}"

    def close(self) -> None:
        """Drops the steps that are still to come."""
        for step in self.strays:
            step.close()
        self.strays.clear()

    # What may be late.

    def repairs_due(self) -> bool:
        return bool(self.strays) or any(job.handler.startswith(REPAIRS) for job in self.due)

    def late_follows(self) -> set[Pair]:
        """(follower, followed) whose mirrors and timelines may be late: ids."""
        return {
            (job.payload["follower_id"], job.payload["followed_id"])
            for job in self.due
            if job.handler in OF_FOLLOWS and not job.is_direct
        }

    def late_posts(self) -> dict[int, bool]:
        """Posts which followers' timelines may not have or may have lost; whether also the author's."""
        found: dict[int, bool] = {}
        for job in self.due:
            if job.handler in OF_POSTS:
                post_id = job.payload["post_id"]
                found[post_id] = found.get(post_id, False) or not job.is_direct
        return found

    def unheard_blocks(self) -> set[Pair]:
        """(blocker, blocked) of whose end or beginning the other shard may not have heard."""
        return {
            (job.payload["blocker_id"], job.payload["blocked_id"]) for job in self.due if job.handler == "repair_block"
        }
