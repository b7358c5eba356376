"""What people are to each other, in random orders: steps that die, mirrors that come late, jobs that come twice and in
the wrong order. When all jobs are done, truth, mirrors and counts say what a small model says."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import UserFault
from services.accounts.profile import update_profile
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.outbox import Job
from services.relationships import blocks, edges, opening, reservations
from services.relationships import follow as following
from services.relationships.blocks import block, repair_block, unblock
from services.relationships.edges import repair_follow
from services.relationships.follow import follow, unfollow
from services.relationships.opening import accept_waiting
from services.relationships.requests import accept_request, decline_request, remove_follower
from services.relationships.reservations import OLD_SECONDS, sweep_reservations
from services.visibility import visible_users
from tests.factories import Person, make_user
from tests.posting import change, links, rows
from tests.recount import differences
from tests.services.feeds.town import StepJob

HANDLERS: dict[str, Callable[[Job], Awaitable[None]]] = {
    EventKind.FOLLOWED: repair_follow,
    EventKind.UNFOLLOWED: repair_follow,
    EventKind.BLOCKED: repair_block,
    EventKind.UNBLOCKED: repair_block,
    EventKind.ACCOUNT_OPENED: accept_waiting,
}
EVENTS = """
    SELECT id, kind, payload FROM events
    WHERE kind = ANY($1)
      AND coalesce(payload ->> 'followed_id', payload ->> 'blocker_id', payload ->> 'user_id')::bigint = ANY($2)
    ORDER BY id
"""
OLDER = """
    UPDATE follow_reservations SET reserved_at = reserved_at - make_interval(secs => :seconds) WHERE follower_id = :id
"""
ACTS = {
    "follow": 34, "unfollow": 10, "accept": 10, "decline": 4, "remove": 6, "block": 12, "unblock": 14, "privacy": 10,
}  # fmt: skip
"""How often each is done."""
HAPPENED = {"follow.after_commit", "block.after_first_step", "unblock.after_commit"}
PENDING, ACCEPTED = "PENDING", "ACCEPTED"


class Died(Exception):
    """As if the process had ended at a crash point."""


@dataclass
class Model:
    """Follows by (follower, followed), with the step at which each was asked for; blocks by (blocker, blocked); the
    step at which each account last became public."""

    private: dict[int, bool]
    follows: dict[tuple[int, int], str] = field(default_factory=dict)
    asked: dict[tuple[int, int], int] = field(default_factory=dict)
    blocks: set[tuple[int, int]] = field(default_factory=set)
    opened: dict[int, int] = field(default_factory=dict)
    now: int = 0

    def is_blocked(self, a: int, b: int) -> bool:
        return bool({(a, b), (b, a)} & self.blocks)

    def follow(self, a: int, b: int) -> None:
        if self.follows.get((a, b)) != ACCEPTED and not (self.private[b] and (a, b) in self.follows):
            self.follows[a, b] = PENDING if self.private[b] else ACCEPTED
            self.asked[a, b] = self.now

    def end(self, a: int, b: int, *states: str) -> None:
        if self.follows.get((a, b)) in (states or (PENDING, ACCEPTED)):
            del self.follows[a, b]

    def accept(self, a: int, b: int) -> None:
        if self.follows.get((a, b)) == PENDING:
            self.follows[a, b] = ACCEPTED

    def block(self, a: int, b: int) -> None:
        self.blocks.add((a, b))
        self.end(a, b)
        self.end(b, a)

    def is_promised(self, a: int, b: int) -> bool:
        """Whether b's account became public while a waited."""
        return self.follows.get((a, b)) == PENDING and self.asked[a, b] <= self.opened.get(b, 0)


@dataclass
class Chaos:
    backend: Backend
    chance: random.Random
    people: dict[int, Person]
    model: Model

    def crash(self, name: str) -> None:
        if name and self.chance.random() < 0.06:
            raise Died(name)

    async def or_later(self, step: Any) -> None:
        """A mirror that is left to the outbox now and then."""
        if self.chance.random() < 0.35:
            step.close()
        else:
            await or_later(step)

    async def act(self) -> None:
        a, b = self.chance.sample(list(self.people.values()), 2)
        [act] = self.chance.choices(list(ACTS), list(ACTS.values()))
        if act == "privacy":
            await self.change_privacy(a)
            return
        await self.learn(b, a)
        before = self.model.is_blocked(a.id, b.id)
        try:
            await self.work_of(act, a, b)
        except UserFault:
            assert before or await self.heard_of_block(a, b)
            return
        except Died as death:
            if str(death) not in HAPPENED:
                return
        # Only block and unblock reach someone whom one blocks.
        assert act in {"block", "unblock"} or not before
        self.apply(act, a.id, b.id)

    def work_of(self, act: str, a: Person, b: Person) -> Awaitable[object]:
        by_user = {
            "follow": follow, "accept": accept_request, "decline": decline_request, "remove": remove_follower,
            "block": block,
        }  # fmt: skip
        if act in by_user:
            return by_user[act](self.backend, links(self.backend), a.viewer.user, b.id)
        return {"unfollow": unfollow, "unblock": unblock}[act](self.backend, links(self.backend), a.id, b.id)

    def apply(self, act: str, a: int, b: int) -> None:
        model = self.model
        {
            "follow": lambda: model.follow(a, b),
            "unfollow": lambda: model.end(a, b),
            "accept": lambda: model.accept(b, a),
            "decline": lambda: model.end(b, a, PENDING),
            "remove": lambda: model.end(b, a, ACCEPTED),
            "block": lambda: model.block(a, b),
            "unblock": lambda: model.blocks.discard((a, b)),
        }[act]()

    async def learn(self, follower: Person, followed: Person) -> None:
        """Of whom was promised to be accepted, whether the job has come there."""
        if self.model.is_promised(follower.id, followed.id):
            sql = "SELECT state FROM follows WHERE follower_id = $1 AND followed_id = $2"
            if await rows(self.backend, followed.id, sql, follower.id, followed.id) == [(ACCEPTED,)]:
                self.model.accept(follower.id, followed.id)

    async def heard_of_block(self, blocker: Person, blocked: Person) -> bool:
        """Of one that is gone: the mirror may be late."""
        sql = "SELECT state FROM blocks_received WHERE blocked_id = $1 AND blocker_id = $2"
        return await rows(self.backend, blocked.id, sql, blocked.id, blocker.id) == [("BLOCKED",)]

    async def change_privacy(self, person: Person) -> None:
        private = self.chance.random() < 0.5
        await update_profile(self.backend, person.viewer, {"is_private": private})
        if self.model.private[person.id] and not private:
            self.model.opened[person.id] = self.model.now
        self.model.private[person.id] = private

    async def events(self) -> list[Any]:
        return await self.backend.reader().on_every_node(EVENTS, list(HANDLERS), list(self.people))

    async def work(self) -> None:
        """The job of any event that there ever was; once more where it was done."""
        events = await self.events()
        if events:
            await self.run(self.chance.choice(events))

    async def run(self, event: Any) -> None:
        kind, payload = event["kind"], event["payload"]
        await HANDLERS[kind](StepJob(self.backend, event["id"], EventKind(kind), "", payload, 1, None, 10.0))

    async def visibility(self) -> None:
        """Right at every step, whatever the jobs have done."""
        viewer = self.chance.choice(list(self.people))
        seen = await visible_users(self.backend.reader(), links(self.backend), viewer, self.people)
        assert set(seen) == {user_id for user_id in self.people if not self.model.is_blocked(viewer, user_id)}

    async def settled(self) -> None:
        """All jobs, in any order, some of them twice, until there are no further ones."""
        done: set[int] = set()
        while todo := [event for event in await self.events() if event["id"] not in done]:
            again = [event for event in await self.events() if self.chance.random() < 0.2]
            order = [*todo, *again]
            self.chance.shuffle(order)
            for event in order:
                await self.run(event)
                done.add(event["id"])
        for person in self.people:
            await change(self.backend, person, OLDER, id=person, seconds=OLD_SECONDS + 1)
        await sweep_reservations(self.backend)
        for pair in list(self.model.follows):
            if self.model.is_promised(*pair):
                self.model.accept(*pair)

    async def check(self) -> None:
        ids = list(self.people)
        reader = self.backend.reader()

        async def found(table: str, one: str, other: str) -> set[tuple[Any, ...]]:
            sql = f"SELECT {one}, {other}, state, version FROM {table} WHERE {one} = ANY($1) AND {other} = ANY($1)"
            return {tuple(row) for row in await reader.on_every_node(sql, ids)}

        follows = await found("follows", "follower_id", "followed_id")
        assert follows == await found("following", "follower_id", "followed_id")
        stand = await found("blocks", "blocker_id", "blocked_id")
        assert stand == await found("blocks_received", "blocker_id", "blocked_id")
        assert {(a, b) for a, b, state, _ in stand if state == "BLOCKED"} == self.model.blocks
        assert {(a, b): state for a, b, state, _ in follows if state != "GONE"} == self.model.follows
        assert not any(self.model.is_blocked(*pair) for pair in self.model.follows)
        assert await differences(self.backend, set(ids)) == []
        assert await reader.on_every_node("SELECT 1 FROM follow_reservations WHERE follower_id = ANY($1)", ids) == []


async def chaos(backend: Backend, seed: int, monkeypatch: pytest.MonkeyPatch) -> Chaos:
    people = [await make_user(backend, is_private=number % 2 == 1) for number in range(4)]
    private = {person.id: number % 2 == 1 for number, person in enumerate(people)}
    started = Chaos(backend, random.Random(seed), {person.id: person for person in people}, Model(private))
    monkeypatch.setattr(opening, "AT_ONCE", 1)
    monkeypatch.setattr("services.backend.crash_point", started.crash)
    for module in (blocks, following):
        monkeypatch.setattr(module, "crash_point", started.crash)
    for module in (blocks, edges, following, reservations):
        monkeypatch.setattr(module, "or_later", started.or_later)
    return started


async def play(backend: Backend, seed: int, steps: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as armed:
        state = await chaos(backend, seed, armed)
        for number in range(1, steps + 1):
            state.model.now = number
            await state.act()
            await state.visibility()
            if state.chance.random() < 0.3:
                await state.work()
            if number % 40 == 0:
                await state.settled()
                await state.check()


@pytest.mark.parametrize("seed", range(3))
async def test_one_after_the_other(backend: Backend, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    await play(backend, seed, 120, monkeypatch)


@pytest.mark.drill
@pytest.mark.timeout(3600)
async def test_one_after_the_other_for_long(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(100, 120):
        await play(backend, seed, 520, monkeypatch)


@pytest.mark.parametrize("seed", range(2))
async def test_beside_each_other(backend: Backend, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    """No model can say who comes first; but whoever does, all agree in the end, and no follow stands where a block
    does."""
    state = await chaos(backend, 50 + seed, monkeypatch)

    async def one() -> None:
        a, b = state.chance.sample(list(state.people.values()), 2)
        [act] = state.chance.choices([*ACTS, "job"], [*ACTS.values(), 30])
        if act == "job":
            await state.work()
        elif act == "privacy":
            await update_profile(backend, a.viewer, {"is_private": state.chance.random() < 0.5})
        else:
            await state.work_of(act, a, b)

    for _ in range(30):
        answers = await asyncio.gather(*(one() for _ in range(state.chance.choice([2, 4, 8]))), return_exceptions=True)
        faults = [answer for answer in answers if isinstance(answer, BaseException)]
        assert all(isinstance(fault, (Died, UserFault)) for fault in faults), faults
    await state.settled()
    read = backend.reader().on_every_node
    follows = await read("SELECT * FROM follows WHERE followed_id = ANY($1) AND state <> 'GONE'", list(state.people))
    stand = await read("SELECT * FROM blocks WHERE blocker_id = ANY($1) AND state = 'BLOCKED'", list(state.people))
    state.model.follows = {(row["follower_id"], row["followed_id"]): row["state"] for row in follows}
    state.model.blocks = {(row["blocker_id"], row["blocked_id"]) for row in stand}
    await state.check()
