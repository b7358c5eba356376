"""Posts of one author are fanned out together, and the jobs that find that under way do not wait for it."""

import asyncio

import pytest
from sqlalchemy import text

from models.ids import shard_of
from services import tries
from services.feeds import timeline
from services.feeds.fanout import fan_out_post
from services.feeds.passes import Pass, leading
from services.outbox import Deferred
from tests.services.feeds.test_fanout import crowd, holders
from tests.services.feeds.town import StepJob, Town


async def states(town: Town, jobs: list[StepJob]) -> list[tuple[str, bool]]:
    """Of each job's delivery the state, and whether a try is under way."""
    sql = "SELECT state, started_at FROM deliveries WHERE event_id = $1 AND handler = 'fan_out_post'"
    found = [await town.backend.reader().on_shard_of(job.event_id, sql, job.event_id) for job in jobs]
    return [(row["state"], row["started_at"] is not None) for [row] in found]


async def begin(town: Town, job: StepJob) -> None:
    """As a worker does."""
    async with town.backend.transaction(shard_of(job.event_id)) as transaction:
        await transaction.session.execute(
            text("""UPDATE deliveries SET state = 'ENQUEUED', attempts = 1, started_at = clock_now(),
                    due_at = clock_now() + interval '10 s' WHERE event_id = :event_id AND handler = 'fan_out_post'"""),
            {"event_id": job.event_id},
        )


async def save(town: Town, job: StepJob) -> None:
    """As `Job.save_progress` does."""
    async with town.backend.transaction(shard_of(job.event_id)) as transaction:
        await transaction.session.execute(
            text(
                "UPDATE deliveries SET progress = CAST(:progress AS jsonb) WHERE event_id = :event_id AND handler = :h"
            ),
            {"progress": str(job.progress).replace("'", '"'), "event_id": job.event_id, "h": job.handler},
        )


async def test_one_job_takes_all_posts_of_its_author_along(small: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    author, followers = await crowd(small, 7)
    jobs = [await small.posted(author) for _ in range(5)]
    other = await small.posted(followers[0])
    await begin(small, jobs[3])  # another's try, that is under way
    pushes = []
    push = timeline.push

    async def counted(*arguments: object) -> int:
        pushes.append(arguments)
        return await push(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(timeline, "push", counted)
    await fan_out_post(jobs[1])
    assert len(pushes) == 1 + 3  # the author, 7 followers by 3
    for job in jobs:
        assert await holders(small, [author, *followers], job.payload["post_id"]) == [author, *followers]
    assert await states(small, [*jobs, other]) == [("DONE", False)] * 5 + [("PENDING", False)]


async def test_a_pass_goes_on_with_the_posts_with_which_it_began(small: Town) -> None:
    author, followers = await crowd(small, 7)
    jobs = [await small.posted(author) for _ in range(2)]
    jobs[0].saves_left = 1
    with pytest.raises(KeyboardInterrupt):
        await fan_out_post(jobs[0])
    await save(small, jobs[0])
    late = await small.posted(author)
    posts = sorted(job.payload["post_id"] for job in jobs)
    assert jobs[0].progress is not None
    assert jobs[0].progress["posts"] == posts
    with pytest.raises(Deferred):  # its post is among those of the pass that will go on
        await fan_out_post(jobs[1])
    await fan_out_post(late)
    assert await states(small, [*jobs, late]) == [("PENDING", False), ("PENDING", False), ("DONE", False)]
    assert await holders(small, followers, posts[1]) == followers[:6]
    jobs[0].saves_left = 100
    await fan_out_post(jobs[0])
    assert await holders(small, followers, posts[1]) == followers
    assert await states(small, jobs) == [("DONE", False)] * 2


async def test_who_finds_the_pass_running_is_handed_over_when_it_ends(small: Town) -> None:
    author, followers = await crowd(small, 2)
    first, second, third = [await small.posted(author) for _ in range(3)]
    for job in (second, third):
        await begin(small, job)
    async with leading(first) as own:
        for job in (second, third):
            with pytest.raises(Deferred):
                await fan_out_post(job)
            await tries.defer(job)
        assert await states(small, [second, third]) == [("ENQUEUED", False)] * 2
        assert own.waiting == [second, third]
    # The first of them leads the next pass, which takes the other along.
    assert await states(small, [second, third]) == [("PENDING", False), ("ENQUEUED", False)]
    assert small.backend.kept[Pass] == {}
    await fan_out_post(second)
    assert await states(small, [second, third]) == [("DONE", False)] * 2
    assert await holders(small, followers, third.payload["post_id"]) == followers


async def test_when_a_pass_fails_all_who_waited_are_due(small: Town) -> None:
    author = await small.person()
    first, *others = [await small.posted(author) for _ in range(3)]
    for job in others:
        await begin(small, job)

    async def fail() -> None:
        async with leading(first):
            for job in others:
                with pytest.raises(Deferred):
                    await fan_out_post(job)
            raise ValueError("boom")

    with pytest.raises(ValueError, match="boom"):
        await fail()
    assert await states(small, others) == [("PENDING", False)] * 2
    for job in others:  # the write of one who had ended before comes too late
        await tries.defer(job)
    assert await states(small, others) == [("PENDING", False)] * 2
    rows = await small.backend.reader().by_ids(
        "SELECT attempts, forgiven FROM deliveries WHERE event_id = ANY($1) AND handler = 'fan_out_post'",
        [job.event_id for job in others],
    )
    assert [(row["attempts"], row["forgiven"]) for row in rows] == [(1, 1)] * 2


async def test_whatever_comes_at_once_is_fanned_out(small: Town) -> None:
    author, followers = await crowd(small, 7)
    jobs = [await small.posted(author) for _ in range(6)]

    async def work(job: StepJob) -> None:
        await begin(small, job)
        try:
            await fan_out_post(job)
        except Deferred:
            await tries.defer(job)

    await asyncio.gather(*map(work, jobs))
    while [job for job in jobs if not await small.is_done(job)]:  # as the relay does with what was handed over
        due = [job for job, state in zip(jobs, await states(small, jobs), strict=True) if state == ("PENDING", False)]
        assert due
        await asyncio.gather(*map(work, due))
    for job in jobs:
        assert await holders(small, followers, job.payload["post_id"]) == followers


async def test_what_was_given_up_meanwhile_is_done_all_the_same(small: Town) -> None:
    """The pass outlived its lease once too often, and another job of it has used up its tries: both are fanned out."""
    author, followers = await crowd(small, 7)
    jobs = [await small.posted(author) for _ in range(2)]
    jobs[0].progress = {
        "after": 0, "served": 0,
        "posts": [job.payload["post_id"] for job in jobs], "events": [job.event_id for job in jobs],
    }  # fmt: skip
    async with small.backend.transaction(shard_of(author)) as transaction:
        await transaction.session.execute(
            text("UPDATE deliveries SET state = 'DEAD' WHERE event_id = ANY(:events) AND handler = 'fan_out_post'"),
            {"events": [job.event_id for job in jobs]},
        )
    await fan_out_post(jobs[0])
    for job in jobs:
        assert await holders(small, followers, job.payload["post_id"]) == followers
    assert await states(small, jobs) == [("DONE", False)] * 2
