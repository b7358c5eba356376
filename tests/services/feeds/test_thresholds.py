"""When an author's posts are pushed, and when pulled."""

import asyncio
from dataclasses import replace

import pytest

from models.ids import TIME_SHIFT, shard_of
from models.tables import Counter
from services import counts
from services.background import Background
from services.feeds import fanout
from services.feeds.fanout import fan_out_post, withdraw_post
from services.feeds.thresholds import GRACE_IDS, Standing, review
from tests.services.feeds.test_fanout import crowd, holders
from tests.services.feeds.town import StepJob, Town


@pytest.fixture
def line(small: Town) -> Town:
    """Pulled from 5 followers on, pushed again below 4."""
    changed = small.backend.settings.model_copy(update={"pull_from_followers": 5, "push_below_followers": 4})
    return Town(replace(small.backend, settings=changed, background=Background(), kept={}))


async def count(town: Town, author: int, delta: int) -> None:
    async with town.backend.transaction(shard_of(author)) as transaction:
        await counts.add(transaction, author, Counter.FOLLOWERS, delta)


async def intervals(town: Town, author: int) -> list[tuple[int, int | None]]:
    sql = "SELECT since_id, until_id FROM pulled_intervals WHERE author_id = $1 ORDER BY since_id"
    rows = await town.backend.reader().on_shard_of(author, sql, author)
    return [(row["since_id"], row["until_id"]) for row in rows]


async def age(town: Town, author: int) -> None:
    """Lets the grace of the author's open interval be over."""
    async with town.backend.transaction(shard_of(author)) as transaction:
        connection = await transaction.session.connection()
        sql = f"UPDATE pulled_intervals SET since_id = since_id - {GRACE_IDS} WHERE author_id = {author}"
        await connection.exec_driver_sql(sql)


async def fanned_out(town: Town, author: int) -> tuple[int, StepJob]:
    job = await town.posted(author)
    await fan_out_post(job)
    return job.payload["post_id"], job


def test_a_post_is_pushed_outside_of_intervals_and_in_their_first_minute() -> None:
    minute = 60_000 << TIME_SHIFT
    standing = Standing(0, [(100, 100 + 3 * minute), (500 * minute, 501 * minute)])
    pushed = [99, 100, 99 + minute, 100 + 3 * minute, 500 * minute, 501 * minute - 1, 501 * minute]
    pulled = [100 + minute, 99 + 3 * minute]
    assert standing.pushed(sorted(pushed + pulled)) == pushed


async def test_an_author_crosses_the_line_and_comes_back(line: Town) -> None:
    author, followers = await crowd(line, 4)
    await count(line, author, 4)
    first, _ = await fanned_out(line, author)
    assert await intervals(line, author) == []
    await count(line, author, 1)
    in_grace, _ = await fanned_out(line, author)
    [(since, until)] = await intervals(line, author)
    assert since > in_grace
    assert until is None
    also_pushed, _ = await fanned_out(line, author)
    await age(line, author)
    pulled, _ = await fanned_out(line, author)
    await count(line, author, -1)  # between the lines nothing changes
    pulled_too, _ = await fanned_out(line, author)
    [(_, until)] = await intervals(line, author)
    assert until is None
    await count(line, author, -1)
    last_pulled, _ = await fanned_out(line, author)
    [(_, until)] = await intervals(line, author)
    assert until is not None
    assert until > last_pulled
    again, _ = await fanned_out(line, author)
    for post in (first, in_grace, also_pushed, again):
        assert await holders(line, [author, *followers], post) == [author, *followers]
    for post in (pulled, pulled_too, last_pulled):
        assert await holders(line, [author, *followers], post) == [author]


async def test_an_old_post_that_is_back_opens_an_interval_that_begins_now(line: Town) -> None:
    """Else posts that are newer than it by a minute were pulled, before any reader has heard of it."""
    author, followers = await crowd(line, 2)
    old, job = await fanned_out(line, author)
    newer = await line.post(author)
    await count(line, author, 5)
    assert await review(line.backend, author, [old]) == [old]
    [(since, _)] = await intervals(line, author)
    assert since > newer
    await fan_out_post(line.job(**job.payload))
    assert await holders(line, followers, old) == followers


async def test_of_many_at_once_one_opens_and_one_closes(line: Town) -> None:
    author = await line.person()
    posts = await line.posts(author, 2)
    await count(line, author, 7)
    assert await asyncio.gather(*(review(line.backend, author, posts) for _ in range(8))) == [posts] * 8
    assert len(await intervals(line, author)) == 1
    await count(line, author, -7)
    await asyncio.gather(*(review(line.backend, author, posts) for _ in range(8)))
    [(since, until)] = await intervals(line, author)
    assert until is not None
    assert until > since


async def test_a_post_that_was_never_pushed_is_withdrawn_from_its_author_alone(
    line: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    author, _ = await crowd(line, 2)
    await count(line, author, 5)
    await fanned_out(line, author)
    await age(line, author)
    post, job = await fanned_out(line, author)
    assert await holders(line, [author], post) == [author]
    await line.set_state("DELETED", post)

    async def walks(*_: object) -> None:
        raise AssertionError("it walks")

    monkeypatch.setattr(fanout, "_to_followers", walks)
    await withdraw_post(line.job(**job.payload))
    assert await holders(line, [author], post) == []
