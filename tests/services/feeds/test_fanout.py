from typing import Any

import pytest

from models.ids import MAX_ID
from services.backend import Backend
from services.feeds import fanout, timeline
from services.feeds.fanout import fan_out_post, withdraw_post
from services.feeds.timeline import Stretch
from services.outbox import Unfinished
from tests.services.feeds.town import StepJob, Town


async def crowd(town: Town, count: int) -> tuple[int, list[int]]:
    """An author and followers in the order in which they are served, of whom all are active."""
    author = await town.person()
    followers = sorted([await town.person() for _ in range(count)])
    for follower in (author, *followers):
        await town.warm(follower)
    await town.follow_by_many(followers, author)
    return author, followers


async def holders(town: Town, viewers: list[int], post: int) -> list[int]:
    """Those of the viewers whose timeline has the post."""
    found = []
    for viewer in viewers:
        piece = await timeline.read(town.backend, viewer, MAX_ID, 100)
        if isinstance(piece, Stretch) and piece.ids.count(post) == 1:
            found.append(viewer)
    return found


def place_of(job: StepJob, followers: list[int], served: int) -> dict[str, Any]:
    """The progress behind so many."""
    place = {"after": followers[served - 1], "served": served}
    return place | {"posts": [job.payload["post_id"]], "events": [job.event_id]}


async def test_it_reaches_the_author_and_every_active_follower(small: Town) -> None:
    author, followers = await crowd(small, 8)
    stranger, asleep = await small.person(), await small.person()
    await small.warm(stranger)
    await small.follow_by_many([asleep], author)
    await small.set_follow(followers[2], author, follows=False)
    post = await small.post(author)
    await fan_out_post(small.job(author_id=author, post_id=post))
    followers.remove(followers[2])
    assert await small.backend.redis.exists(timeline.key_of(asleep)) == 0
    assert await holders(small, [author, *followers, stranger], post) == [author, *followers]


async def test_it_goes_on_where_it_died(small: Town) -> None:
    author, followers = await crowd(small, 8)
    post = await small.post(author)
    job = small.job(author_id=author, post_id=post)
    job.saves_left = 1
    with pytest.raises(KeyboardInterrupt):
        await fan_out_post(job)
    assert job.progress == place_of(job, followers, 3)
    assert await holders(small, followers, post) == followers[:6]
    again = small.job(author_id=author, post_id=post)
    again.progress = job.progress
    await fan_out_post(again)
    assert again.saved == [place_of(job, followers, 6)]
    assert await holders(small, followers, post) == followers


async def test_it_lets_others_have_a_turn(small: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fanout, "TURN_SECONDS", 0)
    author, followers = await crowd(small, 7)
    job = small.job(author_id=author, post_id=await small.post(author))
    for served in (3, 6):
        with pytest.raises(Unfinished):
            await fan_out_post(job)
        assert job.progress == place_of(job, followers, served)
    await fan_out_post(job)
    assert await holders(small, followers, job.payload["post_id"]) == followers


async def test_a_post_deleted_in_the_middle_goes_no_further(small: Town) -> None:
    author, followers = await crowd(small, 8)
    post = await small.post(author)
    job = small.job(author_id=author, post_id=post)
    job.saves_left = 0
    with pytest.raises(KeyboardInterrupt):
        await fan_out_post(job)
    await small.set_state("DELETED", post)
    job.progress, job.saves_left = {"after": followers[2], "served": 3}, 10
    await fan_out_post(job)
    assert await holders(small, followers, post) == followers[:3]
    await withdraw_post(small.job(author_id=author, post_id=post))
    assert await holders(small, [author, *followers], post) == []


async def test_a_late_job_of_the_archive_leaves_a_post_that_is_back(small: Town) -> None:
    author, followers = await crowd(small, 8)
    post = await small.post(author)
    job = small.job(author_id=author, post_id=post)
    await fan_out_post(small.job(author_id=author, post_id=post))
    await small.set_state("ARCHIVED", post)
    job.saves_left = 0
    with pytest.raises(KeyboardInterrupt):
        await withdraw_post(job)
    assert await holders(small, [author, *followers], post) == followers[3:]
    await small.set_state("LIVE", post)
    await fan_out_post(small.job(author_id=author, post_id=post))
    job.saves_left = 10
    await withdraw_post(job)
    assert await holders(small, [author, *followers], post) == [author, *followers]


async def test_a_post_that_was_withdrawn_before_it_was_fanned_out_is_nowhere(small: Town) -> None:
    author, followers = await crowd(small, 4)
    post = await small.post(author)
    await small.set_state("DELETED", post)
    await withdraw_post(small.job(author_id=author, post_id=post))
    await fan_out_post(small.job(author_id=author, post_id=post))
    assert await holders(small, [author, *followers], post) == []


@pytest.mark.parametrize("chunk", [0, 1, 2, 3])
@pytest.mark.parametrize("is_back", [False, True])
async def test_a_post_that_is_withdrawn_between_the_look_and_the_push(
    small: Town, monkeypatch: pytest.MonkeyPatch, chunk: int, *, is_back: bool
) -> None:
    """Of 8 followers 3 are served at once. The first push is into the author's own timeline. Where the post is back
    from the archive, that is when it has been taken out again."""
    author, followers = await crowd(small, 8)
    post, other = await small.post(author), await small.post(author)
    push, take_out, pushes = timeline.push, timeline.take_out, list[int]()

    async def late(backend: Backend, viewer_ids: list[int], *post_ids: int) -> int:
        pushes.append(len(pushes))
        if pushes[-1] == chunk:
            await small.set_state("ARCHIVED", post)
            await withdraw_post(small.job(author_id=author, post_id=post))
            if is_back:
                monkeypatch.setattr(timeline, "take_out", beside)
        return await push(backend, viewer_ids, *post_ids)

    async def beside(backend: Backend, viewer_ids: list[int], post_ids: list[int]) -> int:
        """The post comes back, with a fan-out of its own, before it is taken out."""
        monkeypatch.setattr(timeline, "take_out", take_out)
        monkeypatch.setattr(timeline, "push", push)
        await small.set_state("LIVE", post)
        for viewer in (author, *followers):
            await push(backend, [viewer], post)
        return await take_out(backend, viewer_ids, post_ids)

    monkeypatch.setattr(timeline, "push", late)
    job = small.job(author_id=author, post_id=other)
    job.progress = None if chunk == 0 else {"after": 0, "served": 0, "posts": [post, other], "events": [job.event_id]}
    if chunk:
        pushes.append(0)
        await fan_out_post(job)
    else:
        await fan_out_post(small.job(author_id=author, post_id=post))
    everybody = [author, *followers] if chunk == 0 else followers
    assert await holders(small, everybody, post) == (everybody if is_back else [])
    if chunk:
        assert await holders(small, followers, other) == followers
