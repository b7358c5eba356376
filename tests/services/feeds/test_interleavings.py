"""Posts, deletions, follows, fan-outs, builds and losses in random orders, several at once; when all jobs are done the
feed is what plain SQL says, item by item."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from models.ids import MAX_ID
from services.feeds import timeline
from services.feeds.building import build
from services.feeds.fanout import fan_out_post, withdraw_post
from services.feeds.follows import FollowUnsettled, refresh_followed
from services.feeds.sources import Latest, authors_for, latest_pushed
from services.outbox import Deferred
from tests.services.feeds.town import StepJob, Town

Handler = Callable[[StepJob], Awaitable[None]]


@dataclass
class Chaos:
    town: Town
    dice: random.Random
    authors: list[int]
    viewers: list[int]
    jobs: list[tuple[Handler, StepJob]] = field(default_factory=list)
    mirrors: list[tuple[int, int]] = field(default_factory=list)
    builds: list[tuple[int, bytes, Latest]] = field(default_factory=list)
    live: list[tuple[int, int]] = field(default_factory=list)

    async def write_post(self) -> None:
        author = self.dice.choice(self.authors + self.viewers)
        job = await self.town.posted(author)
        self.live.append((author, job.payload["post_id"]))
        self.jobs.append((fan_out_post, job))

    async def delete_post(self) -> None:
        if self.live:
            author, post_id = self.live.pop(self.dice.randrange(len(self.live)))
            await self.town.set_state("DELETED", post_id)
            self.jobs.append((withdraw_post, self.town.job(author_id=author, post_id=post_id)))

    async def follow(self) -> None:
        viewer, author = self.dice.choice(self.viewers), self.dice.choice(self.authors)
        lags = self.dice.random() < 0.5
        await self.town.set_follow(viewer, author, follows=self.dice.random() < 0.7, mirror=not lags)
        if lags:
            self.mirrors.append((viewer, author))
        self.jobs.append((refresh_followed, self.town.job(follower_id=viewer, followed_id=author)))

    async def mirror(self) -> None:
        if self.mirrors:
            await self.town.mirror_follow(*self.mirrors.pop(self.dice.randrange(len(self.mirrors))))

    async def work(self) -> None:
        """Some job; it may die after a chunk, and it may come again after it was done."""
        if not self.jobs:
            return
        handler, job = self.jobs.pop(self.dice.randrange(len(self.jobs)))
        if await self.town.is_done(job):
            return
        job.saves_left = self.dice.choice([0, 1, 1000])
        try:
            await handler(job)
        except (KeyboardInterrupt, FollowUnsettled, Deferred):
            self.jobs.append((handler, job))
        else:
            if self.dice.random() < 0.1:
                self.jobs.append((handler, self.town.job(**job.payload)))

    async def lose(self) -> None:
        await self.town.backend.redis.delete(timeline.key_of(self.dice.choice(self.viewers)))

    async def begin(self) -> None:
        """A build up to where it has read; it may never finish."""
        viewer = self.dice.choice(self.viewers)
        found = await timeline.read(self.town.backend, viewer, MAX_ID, 5)
        if isinstance(found, timeline.Unbuilt):
            reader = self.town.backend.reader()
            authors = await authors_for(reader, viewer)
            await asyncio.sleep(self.dice.random() * 0.01)
            length = self.town.backend.settings.timeline_length
            self.builds.append((viewer, found.token, await latest_pushed(reader, viewer, authors, length)))

    async def finish(self) -> None:
        if self.builds:
            viewer, token, latest = self.builds.pop(self.dice.randrange(len(self.builds)))
            await timeline.finish(self.town.backend, viewer, token, latest.floor, latest.ids)

    async def build(self) -> None:
        viewer = self.dice.choice(self.viewers)
        found = await timeline.read(self.town.backend, viewer, MAX_ID, 5)
        if isinstance(found, timeline.Unbuilt):
            await build(self.town.backend, viewer, found.token)

    async def read(self) -> None:
        seen = await self.town.feed(self.dice.choice(self.viewers), first=self.dice.choice([1, 3, 20]))
        assert seen == sorted(set(seen), reverse=True)

    async def settle(self) -> None:
        while self.mirrors:
            await self.mirror()
        while self.jobs:
            await self.work()
        while self.builds and self.dice.random() < 0.7:
            await self.finish()

    async def check(self) -> None:
        for viewer in self.viewers:
            expected = await self.town.oracle(viewer)
            for first in (1, 4, 100):
                assert await self.town.feed(viewer, first=first) == expected
            await self.town.backend.background.settled()
            assert await self.town.feed(viewer) == expected


async def chaos(town: Town, seed: int) -> Chaos:
    viewers = [await town.person() for _ in range(3)]
    authors = [await town.person() for _ in range(4)]
    started = Chaos(town, random.Random(seed), authors, viewers)
    for viewer in viewers:
        for author in started.dice.sample(authors, 2):
            await town.set_follow(viewer, author)
    # One author has more posts than a timeline holds, so that a follow raises its floor.
    started.live += [(authors[0], post_id) for post_id in await town.posts(authors[0], 12)]
    return started


async def play(town: Town, seed: int) -> None:
    state = await chaos(town, seed)
    steps = [
        state.write_post, state.write_post, state.write_post, state.delete_post, state.follow, state.mirror,
        state.work, state.work, state.work, state.lose, state.begin, state.begin, state.finish, state.build, state.read,
    ]  # fmt: skip
    for _ in range(4):
        for _ in range(12):
            await asyncio.gather(*(state.dice.choice(steps)() for _ in range(state.dice.choice([1, 2, 4]))))
        await state.settle()
        await state.check()


@pytest.mark.parametrize("seed", range(12))
async def test_nothing_is_missing_and_nothing_twice(small: Town, seed: int) -> None:
    await play(small, seed)


@pytest.mark.drill
@pytest.mark.timeout(1800)
async def test_nothing_is_missing_and_nothing_twice_in_many_orders(small: Town) -> None:
    for seed in range(1000, 1200):
        await play(small, seed)
