"""What a process knows of who is pulled: how old it may be, and what it costs."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from models.ids import MAX_ID, shard_of
from models.statements import StatementCount, counted
from services.backend import Backend
from services.feeds import pulled
from services.feeds.pulled import Interval, Pulled, forget_pulled, pulled_authors
from services.feeds.pulled import _Memory as Memory
from tests.services.feeds.town import Town


@pytest.fixture
async def town(backend: Backend) -> AsyncIterator[Town]:
    """With a memory of its own."""
    opened = await Backend.open(backend.settings)
    yield Town(opened)
    await opened.close()


def grown_old(town: Town, seconds: float) -> None:
    """As if so much time had passed since anything was read."""
    memory: Memory = town.backend.kept[Memory]
    memory.read_at -= seconds
    memory.pulled = Pulled(memory.pulled.intervals, memory.pulled.known_at - seconds)


async def test_it_knows_all_intervals_of_all_authors(town: Town) -> None:
    shards = town.backend.shards
    twice, once, never = [await town.person(shards.shards_on(node)[3]) for node in (0, 1, 0)]
    first = await town.open_interval(twice)
    ended = await town.close_interval(twice)
    second, other = await town.open_interval(twice), await town.open_interval(once)
    known = await pulled_authors(town.backend)
    assert known.of([once, never, twice]) == [
        Interval(once, other, MAX_ID), Interval(twice, first, ended), Interval(twice, second, MAX_ID),
    ]  # fmt: skip
    assert known.is_current()


async def test_a_crowd_reads_it_once(town: Town) -> None:
    reads = StatementCount()
    counted.set(reads)
    answers = await asyncio.gather(*(pulled_authors(town.backend) for _ in range(50)))
    assert reads.reads == 2
    assert all(answer is answers[0] for answer in answers)
    assert await pulled_authors(town.backend) is answers[0]
    assert reads.reads == 2


async def test_what_is_old_is_read_behind_the_answer_and_what_is_stale_before_it(town: Town) -> None:
    author = await town.person()
    await pulled_authors(town.backend)
    since = await town.open_interval(author)
    grown_old(town, pulled.FRESH_SECONDS)
    assert (await pulled_authors(town.backend)).of([author]) == []
    await town.backend.background.settled()
    assert (await pulled_authors(town.backend)).of([author]) == [Interval(author, since, MAX_ID)]
    until = await town.close_interval(author)
    grown_old(town, pulled.STALE_SECONDS)
    assert (await pulled_authors(town.backend)).of([author]) == [Interval(author, since, until)]


async def test_who_has_changed_it_knows_at_once(town: Town) -> None:
    author = await town.person()
    await pulled_authors(town.backend)
    since = await town.open_interval(author)
    forget_pulled(town.backend)
    assert (await pulled_authors(town.backend)).of([author]) == [Interval(author, since, MAX_ID)]


async def test_who_was_stopped_for_a_minute_knows_that_it_knows_nothing(town: Town) -> None:
    known = await pulled_authors(town.backend)
    assert known.is_current()
    grown_old(town, pulled.TRUSTED_SECONDS)
    memory: Memory = town.backend.kept[Memory]
    assert not memory.pulled.is_current()
    assert (await pulled_authors(town.backend)).is_current()


async def test_nobody_waits_for_a_node_that_hangs(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another transaction has the table for itself, so that the statement waits."""
    monkeypatch.setattr(pulled, "PATIENCE_SECONDS", 0.05)
    async with town.backend.transaction(0) as transaction:
        await (await transaction.session.connection()).exec_driver_sql(
            "LOCK TABLE pulled_intervals IN ACCESS EXCLUSIVE MODE"
        )
        assert not (await pulled_authors(town.backend)).is_current()
    await town.backend.background.settled()
    assert (await pulled_authors(town.backend)).is_current()


async def test_a_node_out_of_reach_keeps_its_word_and_is_asked_again_soon(town: Town, backend: Backend) -> None:
    shards = town.backend.shards
    here, there = [await town.person(shards.shards_on(node)[3]) for node in (0, 1)]
    since = await town.open_interval(there)
    await pulled_authors(town.backend)
    urls = [backend.settings.database_urls[0], "postgresql://heliograph@127.0.0.1:1/heliograph"]
    half = await Backend.open(backend.settings.model_copy(update={"database_urls": urls}))
    half.kept = town.backend.kept
    opened = await town.open_interval(here)
    grown_old(town, pulled.STALE_SECONDS)
    known = await pulled_authors(half)
    assert known.of([here, there]) == [Interval(here, opened, MAX_ID), Interval(there, since, MAX_ID)]
    assert known.is_current()
    await half.close()
    until = await town.close_interval(there)
    assert (await pulled_authors(town.backend)).of([there]) == [Interval(there, since, MAX_ID)]
    grown_old(town, pulled.RETRY_SECONDS)
    await pulled_authors(town.backend)
    await town.backend.background.settled()
    assert (await pulled_authors(town.backend)).of([there]) == [Interval(there, since, until)]
    assert shard_of(there) in shards.shards_on(1)


async def test_intervals_that_overlap_are_one(town: Town) -> None:
    """As they do where a post that was made before the one ended has opened the other."""
    author = await town.person()
    first = await town.open_interval(author)
    async with town.backend.transaction(shard_of(author)) as transaction:
        earlier = await transaction.mint_id()
    await town.close_interval(author)
    await town.open_interval(author, since_id=earlier)
    last = await town.close_interval(author)
    assert (await pulled_authors(town.backend)).of([author]) == [Interval(author, first, last)]
