"""Likes, saves, comments, follows, blocks and suspensions, several at once, with their jobs late, twice, killed in the
middle and in the wrong order: when all jobs are done, all that has to be withheld is, and every count is right."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import UserFault
from core.settings import Settings
from models.global_ids import NodeKind
from services import counts, likes, saves, withholding
from services.accounts.suspension import restore, suspend
from services.backend import Backend
from services.comments import add, delete
from services.comments.delete import delete_comment
from services.consequences import CONSEQUENCES, EventKind
from services.likes import like, unlike
from services.mirrored import or_later
from services.outbox import Unfinished
from services.relationships import edges
from services.relationships.blocks import block, unblock
from services.relationships.follow import unfollow
from services.saves import save, unsave
from services.withholding import Unsettled
from tests.empty_store import empty_store
from tests.factories import Person, make_user
from tests.posting import links, make_comment, make_follow, make_post
from tests.recount import differences, misjudged
from tests.services.feeds.town import StepJob
from workers.fanout import FANOUT
from workers.fast import FAST

FUNCTIONS = {**FAST.functions, **FANOUT.functions}
HANDLERS = {name for name in FUNCTIONS if name.startswith(("repair_", "withhold_"))}
NEW_EVENTS = "SELECT id, kind, payload FROM events WHERE NOT id = ANY($1)"


@pytest.fixture(scope="module")
async def store(settings: Settings) -> AsyncIterator[Backend]:
    async with empty_store(settings, "withholding", redis=12) as backend:
        yield backend


@dataclass
class Chaos:
    backend: Backend
    dice: random.Random
    people: list[Person] = field(default_factory=list)
    posts: list[int] = field(default_factory=list)
    comments: list[tuple[int, int]] = field(default_factory=list)
    jobs: list[StepJob] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    withheld: int = 0

    async def act(self) -> None:
        """Something by somebody, suspended or not: such a request may have been let in before."""
        person, other = self.dice.sample(self.people, 2)
        post_id = self.dice.choice(self.posts)
        backend, signed = self.backend, links(self.backend)
        subject = (NodeKind.POST, post_id)
        if self.comments and self.dice.random() < 0.5:
            subject = (NodeKind.COMMENT, self.dice.choice(self.comments)[1])
        here = [None, *(comment_id for of, comment_id in self.comments if of == post_id)]
        parent_id = self.dice.choice(here)
        doing: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (6, lambda: like(backend, signed, person.id, *subject)),
            (3, lambda: unlike(backend, signed, person.id, *subject)),
            (3, lambda: save(backend, signed, person.id, post_id)),
            (2, lambda: unsave(backend, signed, person.id, post_id)),
            (4, lambda: self.comment(person, post_id, parent_id)),
            (4, lambda: make_follow(backend, person, other)),
            (2, lambda: unfollow(backend, signed, person.id, other.id)),
            (2, lambda: counts.fold(backend, subject[1])),
            (1, lambda: delete_comment(backend, signed, person.id, subject[1])),
        ]
        await self.dare(self.dice.choices([work for _, work in doing], [weight for weight, _ in doing])[0]())

    async def decide(self) -> None:
        """What withholds, or no longer."""
        one, other = self.dice.sample(self.people, 2)
        backend, signed = self.backend, links(self.backend)
        deciding: list[Callable[[], Awaitable[object]]] = [
            lambda: suspend(backend, one.id),
            lambda: restore(backend, one.id),
            lambda: restore(backend, other.id),
            lambda: block(backend, signed, one.viewer.user, other.id),
            lambda: unblock(backend, signed, one.id, other.id),
            lambda: unblock(backend, signed, other.id, one.id),
        ]
        await self.dare(self.dice.choice(deciding)())

    async def comment(self, person: Person, post_id: int, parent_id: int | None) -> None:
        self.comments.append((post_id, await make_comment(self.backend, person, post_id, parent_id=parent_id)))

    @staticmethod
    async def dare(doing: Awaitable[object]) -> None:
        try:
            await doing
        except UserFault:
            return

    async def hear(self) -> None:
        """Takes up the jobs of what has happened since."""
        for row in await self.backend.reader().on_every_node(NEW_EVENTS, list(self.seen)):
            self.seen.add(row["id"])
            kind = EventKind(row["kind"])
            self.jobs += [
                StepJob(self.backend, row["id"], kind, handler.name, row["payload"], 1, None, 10.0)
                for handler in CONSEQUENCES[kind]
                if handler.name in HANDLERS
            ]

    async def work(self) -> None:
        """Some job; it may die after a chunk, and it may come again after it was done."""
        if not self.jobs:
            return
        job = self.jobs.pop(self.dice.randrange(len(self.jobs)))
        job.saves_left = self.dice.choice([0, 1, 1000])
        try:
            await FUNCTIONS[job.handler](job)
        except (KeyboardInterrupt, Unfinished, Unsettled):
            self.jobs.append(job)
        else:
            if self.dice.random() < 0.2:
                job.progress = None
                self.jobs.append(job)

    async def settle(self) -> None:
        await self.hear()
        while self.jobs:
            await asyncio.gather(*(self.work() for _ in range(4)))
            await self.hear()

    async def check(self) -> None:
        assert await misjudged(self.backend) == []
        assert await differences(self.backend) == []


@pytest.fixture
def lost_mirrors(monkeypatch: pytest.MonkeyPatch) -> random.Random:
    """Half of the steps behind a commit are never done by who committed, as where the process dies there."""
    dice = random.Random(7)

    async def now_or_never(step: Coroutine[Any, Any, object]) -> None:
        if dice.random() < 0.5:
            step.close()
        else:
            await or_later(step)

    for module in (likes, saves, add, delete, edges):
        monkeypatch.setattr(module, "or_later", now_or_never)
    monkeypatch.setattr(withholding, "CHUNK", 3)
    return dice


async def play(backend: Backend, seed: int, *, rounds: int, steps: int) -> int:
    """How many rows were withheld at the ends of the rounds."""
    state = Chaos(backend, random.Random(seed))
    state.people = [await make_user(backend) for _ in range(5)]
    for person in state.people[:3]:
        state.posts.append(await make_post(backend, person))
    for _ in range(rounds):
        for _ in range(steps):
            chosen = state.dice.choices([state.act, state.decide, state.work, state.hear], [5, 1, 4, 1], k=4)
            await asyncio.gather(*(step() for step in chosen[: state.dice.choice([1, 2, 4])]))
        await state.settle()
        await state.check()
        state.withheld += await withheld_rows(backend)
    return state.withheld


async def withheld_rows(backend: Backend) -> int:
    tables = ("likes", "saves", "comments", "follows", "following")
    sql = " UNION ALL ".join(f"SELECT count(*) AS number FROM {table} WHERE withheld <> 0" for table in tables)
    return sum(row["number"] for row in await backend.reader().on_every_node(sql))


@pytest.mark.parametrize("seed", range(4))
async def test_every_order_of_jobs_comes_to_the_truth(store: Backend, lost_mirrors: random.Random, seed: int) -> None:
    assert await play(store, seed, rounds=3, steps=25) > 0


@pytest.mark.drill
@pytest.mark.timeout(1800)
async def test_many_orders_of_jobs_come_to_the_truth(store: Backend, lost_mirrors: random.Random) -> None:
    for seed in range(100, 140):
        lost_mirrors.seed(seed)
        withheld = await play(store, seed, rounds=4, steps=40)
        print(f"seed {seed}: {withheld} rows withheld at the ends of the rounds, none wrongly")  # noqa: T201
