"""Walks through a feed while posts come and go and people are blocked: nothing twice, and nothing is missing of what
was there at the start and to be seen throughout."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import func, insert

from models.ids import shard_of
from models.tables import Block
from services.background import Background
from services.feeds.fanout import fan_out_post, withdraw_post
from services.feeds.home import home_feed
from services.feeds.ranked import ranked_feed
from services.pages import Page
from services.visible import MediaLinks
from tests.services.feeds.town import Town

Feed = Callable[..., Awaitable[Page[Any]]]


@dataclass(slots=True)
class Change:
    """`there` is what is in the feed; `gone` what was taken from it at any time."""

    town: Town
    viewer: int
    authors: list[int]
    dice: random.Random
    there: dict[int, int] = field(default_factory=dict)
    gone: set[int] = field(default_factory=set)

    async def create(self) -> None:
        author = self.dice.choice(self.authors)
        post = await self.town.post(author)
        await fan_out_post(self.town.job(author_id=author, post_id=post))
        if author in self.authors:
            self.there[post] = author

    async def delete(self) -> None:
        post = self.dice.choice([*self.there])
        author = self.there.pop(post)
        self.gone.add(post)
        await self.town.set_state("DELETED", post)
        await withdraw_post(self.town.job(author_id=author, post_id=post))

    async def block(self) -> None:
        """Either of the two, one of the authors who are left."""
        author = self.authors.pop(self.dice.randrange(len(self.authors)))
        theirs = {post for post, one in self.there.items() if one == author}
        self.gone |= theirs
        self.there = {post: one for post, one in self.there.items() if post not in theirs}
        blocker, blocked = self.dice.sample([author, self.viewer], 2)
        row = {"blocker_id": blocker, "blocked_id": blocked, "state": "BLOCKED", "version": 1}
        async with self.town.backend.transaction(shard_of(blocker)) as transaction:
            await transaction.session.execute(insert(Block).values(row | {"since": func.clock_now()}))

    async def all(self, created: int, deleted: int, blocked: int) -> None:
        works = [self.create] * created + [self.delete] * deleted + [self.block] * blocked
        self.dice.shuffle(works)
        for work in works:
            await work()


async def walk(town: Town, feed: Feed, viewer: int, first: int) -> list[int]:
    found: list[int] = []
    after = None
    while True:
        links = MediaLinks(town.backend.signer)
        page = await feed(town.backend, town.backend.reader(), links, viewer, first=first, after=after)
        found += [post.id for post in page.nodes]
        if not page.page_info.has_next_page:
            return found
        after = page.page_info.end_cursor


@pytest.fixture
async def apart(town: Town) -> AsyncIterator[Town]:
    """With a database of Redis of its own; ranks and keeps 60 posts."""
    redis = Redis.from_url(town.backend.settings.redis_url, db=10)
    settings = town.backend.settings.model_copy(update={"ranked_candidates": 60, "timeline_length": 60})
    own = Town(replace(town.backend, redis=redis, settings=settings, background=Background()))
    yield own
    await own.backend.background.settled()
    await redis.flushdb()
    await redis.aclose()


async def beginning(town: Town, authors: int, posts: int) -> Change:
    change = Change(town, await town.person(), [await town.person() for _ in range(authors)], random.Random(7))
    for author in change.authors:
        await town.set_follow(change.viewer, author)
        change.there |= dict.fromkeys(await town.posts(author, posts), author)
    await town.warm(change.viewer)
    return change


async def walks_while_it_changes(change: Change, feed: Feed, *, first: int, numbers: tuple[int, int, int]) -> int:
    """How many walks there were."""
    walks = 0
    changing = asyncio.create_task(change.all(*numbers))
    while not changing.done():
        at_start = set(change.there)
        found = await walk(change.town, feed, change.viewer, first)
        assert len(found) == len(set(found)), "twice"
        assert not (at_start - change.gone) - set(found), "missing"
        walks += 1
    await changing
    assert set(await walk(change.town, feed, change.viewer, first)) == set(change.there)
    return walks


@pytest.mark.parametrize("feed", [ranked_feed, home_feed])
async def test_nothing_twice_and_nothing_missing(apart: Town, feed: Feed) -> None:
    change = await beginning(apart, authors=12, posts=10)
    assert await walks_while_it_changes(change, feed, first=7, numbers=(40, 15, 5)) > 0
    assert len(change.there) < 160 - 15


@pytest.mark.drill
@pytest.mark.timeout(900)
@pytest.mark.parametrize("feed", [ranked_feed, home_feed])
async def test_nothing_twice_and_nothing_missing_of_many(town: Town, feed: Feed) -> None:
    change = await beginning(town, authors=150, posts=14)
    walks = await walks_while_it_changes(change, feed, first=50, numbers=(1000, 300, 100))
    print(f"{walks} walks of {len(change.there)} posts at the end, {len(change.gone)} gone")  # noqa: T201
    assert walks > 1


async def test_redis_is_lost_in_the_middle_of_many_reads(apart: Town) -> None:
    """No error, and each viewer's feeds are the same before and after, out of the same snapshot."""
    changes = [await beginning(apart, authors=4, posts=20) for _ in range(6)]

    async def read(change: Change, feed: Feed) -> list[int]:
        return await walk(apart, feed, change.viewer, 9)

    feeds: list[Feed] = [ranked_feed, home_feed]
    before = [[await read(change, feed) for feed in feeds] for change in changes]
    assert all(sorted(ranked, reverse=True) == by_time for ranked, by_time in before)
    reading = [asyncio.create_task(read(change, feed)) for _ in range(3) for change in changes for feed in feeds]
    for _ in range(5):
        await apart.backend.redis.flushdb()
        await asyncio.sleep(0.05)
    during = await asyncio.gather(*reading)
    assert during == [found for _ in range(3) for both in before for found in both]
    await apart.backend.redis.flushdb()
    assert [[await read(change, feed) for feed in feeds] for change in changes] == before
    sql = "SELECT count(*) FROM feed_snapshots WHERE viewer_id = $1"
    for change in changes:
        assert (await apart.backend.reader().on_shard_of(change.viewer, sql, change.viewer))[0]["count"] == 1
