"""Saves in and out of collections in random orders: processes die between the post's shard and the saver's, jobs come
late, twice and in the wrong order. When they are done, everything is what a small model says."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from core.errors import UserFault
from models.tables import SaveState
from services.backend import Backend
from services.collections.changing import create_collection, delete_collection
from services.consequences import EventKind
from services.saves import move_save, repair_save, save, unsave
from tests.factories import Person, make_user
from tests.posting import job_of, links, make_post, rows
from tests.recount import differences
from tests.services.collections.kept import collections_of, posts_in, posts_saved


@dataclass
class Keeper:
    """`kept` is the model: what is in each collection. `dies` is how often a process dies after the first step."""

    backend: Backend
    owner: Person
    posts: list[int]
    dice: random.Random
    dies: float = 0.4
    saved: set[int] = field(default_factory=set)
    kept: dict[int, set[int]] = field(default_factory=dict)
    deleted: set[int] = field(default_factory=set)
    done: int = 0

    def _post(self) -> int:
        return self.dice.choice(self.posts)

    def _collection(self) -> int | None:
        return self.dice.choice(list(self.kept)) if self.kept else None

    async def save(self) -> None:
        post_id, collection_id = self._post(), self.dice.choice([None, self._collection(), self._collection()])
        dies = self.dice.random() < self.dies
        if collection_id is not None and not (dies and post_id in self.saved):
            self.kept[collection_id].add(post_id)
        self.saved.add(post_id)
        if dies:
            await move_save(self.backend, self.owner.id, post_id, SaveState.SAVED, collection_id)
        else:
            await save(self.backend, links(self.backend), self.owner.id, post_id, collection_id)

    async def unsave(self) -> None:
        post_id = self._post()
        self.saved.discard(post_id)
        for posts in self.kept.values():
            posts.discard(post_id)
        if self.dice.random() < self.dies:
            await move_save(self.backend, self.owner.id, post_id, SaveState.GONE)
        else:
            await unsave(self.backend, links(self.backend), self.owner.id, post_id)

    async def take_out(self) -> None:
        inside = [(number, post_id) for number, posts in self.kept.items() for post_id in posts]
        if inside:
            collection_id, post_id = self.dice.choice(inside)
            self.kept[collection_id].discard(post_id)
            await unsave(self.backend, links(self.backend), self.owner.id, post_id, collection_id)

    async def create(self) -> None:
        posts = self.dice.sample(self.posts, self.dice.choice([0, 1, 2]))
        number = await create_collection(self.backend, links(self.backend), self.owner.id, "x", posts)
        self.saved |= set(posts)
        self.kept[number] = set(posts)

    async def delete(self) -> None:
        collection_id = self._collection()
        if collection_id is not None and len(self.kept) > 1:
            del self.kept[collection_id]
            self.deleted.add(collection_id)
            await delete_collection(self.backend, self.owner.id, collection_id)

    async def jobs(self) -> list[tuple[EventKind, Mapping[str, Any]]]:
        sql = "SELECT kind, payload FROM events WHERE kind IN ('Saved', 'Unsaved') AND payload @> $1"
        told = {"user_id": self.owner.id}
        return [
            (EventKind(row["kind"]), row["payload"]) for row in await self.backend.reader().on_every_node(sql, told)
        ]

    async def work(self) -> None:
        """Any job that there ever was, also one that was done before."""
        jobs = await self.jobs()
        if jobs:
            await repair_save(job_of(self.backend, *self.dice.choice(jobs)))

    async def anything(self) -> None:
        steps = [self.save, self.unsave, self.take_out, self.work, self.create, self.delete]
        try:
            await self.dice.choices(steps, [8, 4, 3, 6, 1, 1])[0]()
            self.done += 1
        except UserFault:  # of two at once, one may have deleted what the other wanted
            return

    async def settle(self) -> None:
        jobs = await self.jobs()
        for job in (*self.dice.sample(jobs, len(jobs)), *self.dice.sample(jobs, len(jobs) // 2)):
            await repair_save(job_of(self.backend, *job))

    async def check_stored(self) -> None:
        """Whatever happened: mirror and truth agree, what is in a collection is in it by the save that stands, and the
        counters are right."""
        truth = "SELECT post_id, state, version FROM saves WHERE user_id = $1"
        there = {tuple(row) for row in await self.backend.reader().on_every_node(truth, self.owner.id)}
        mirror = "SELECT post_id, state, version FROM saves_made WHERE user_id = $1"
        assert set(await rows(self.backend, self.owner.id, mirror, self.owner.id)) == there
        loose = (
            "SELECT p.* FROM collection_posts p JOIN collections c ON c.id = p.collection_id"
            " LEFT JOIN saves_made s ON s.user_id = c.owner_id AND s.post_id = p.post_id AND s.state = 'SAVED'"
            " AND s.version = p.save_version"
            " WHERE c.owner_id = $1 AND p.state = 'IN' AND (s.post_id IS NULL OR c.state <> 'LIVE')"
        )
        assert await rows(self.backend, self.owner.id, loose, self.owner.id) == []
        assert await differences(self.backend, {*self.posts, *self.kept, *self.deleted}) == []

    async def check(self) -> None:
        await self.check_stored()
        assert await posts_saved(self.backend, self.owner.id) == sorted(self.saved)
        assert await collections_of(self.backend, self.owner.id) == sorted(self.kept)
        for number, posts in self.kept.items():
            assert await posts_in(self.backend, number) == sorted(posts)


async def keeper(backend: Backend, seed: int) -> Keeper:
    author = await make_user(backend)
    posts = [await make_post(backend, author) for _ in range(3)]
    started = Keeper(backend, await make_user(backend), posts, random.Random(seed))
    for _ in range(2):
        await started.create()
    return started


async def play(backend: Backend, seed: int, steps: int) -> None:
    state = await keeper(backend, seed)
    for _ in range(steps):
        await state.anything()
    await state.settle()
    await state.check()


async def play_at_once(backend: Backend, seed: int, rounds: int) -> None:
    state = await keeper(backend, seed)
    for _ in range(rounds):
        await asyncio.gather(*(state.anything() for _ in range(state.dice.choice([2, 4, 8]))))
    assert state.done > rounds
    await state.settle()
    await state.check_stored()


@pytest.mark.parametrize("seed", range(12))
async def test_one_after_the_other_is_what_the_model_says(backend: Backend, seed: int) -> None:
    await play(backend, seed, 40)


@pytest.mark.parametrize("seed", range(6))
async def test_at_once_nothing_is_torn(backend: Backend, seed: int) -> None:
    await play_at_once(backend, seed, 12)


@pytest.mark.drill
@pytest.mark.timeout(1800)
async def test_many_orders(backend: Backend) -> None:
    for seed in range(100, 200):
        await play(backend, seed, 100)
        await play_at_once(backend, seed, 20)
