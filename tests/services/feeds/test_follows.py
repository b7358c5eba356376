from typing import Any

import pytest

from models.ids import MAX_ID
from services.feeds import follows, sources, timeline
from services.feeds.follows import FollowUnsettled, refresh_followed, settle_follow
from services.feeds.timeline import Stretch
from tests.services.feeds.town import Town


async def ids_in_redis(town: Town, viewer: int) -> list[int]:
    found = await timeline.read(town.backend, viewer, MAX_ID, 100)
    assert isinstance(found, Stretch)
    return found.ids


async def test_a_follow_puts_the_posts_in_and_its_end_takes_them_out(small: Town) -> None:
    viewer, author = await small.person(), await small.person()
    posts = await small.posts(author, 3)
    own = await small.post(viewer)
    await small.warm(viewer)
    job = small.job(follower_id=viewer, followed_id=author)
    await small.set_follow(viewer, author)
    for _ in range(2):
        await refresh_followed(job)
        assert await ids_in_redis(small, viewer) == [own, *posts]
    await small.set_follow(viewer, author, follows=False)
    for _ in range(2):
        await refresh_followed(job)
        assert await ids_in_redis(small, viewer) == [own]


async def test_a_follow_of_many_posts_raises_the_floor_and_loses_none(small: Town) -> None:
    viewer, quiet, busy = await small.person(), await small.person(), await small.person()
    old = await small.posts(quiet, 2)
    posts = await small.posts(busy, 20)
    await small.set_follow(viewer, quiet)
    await small.warm(viewer)
    await small.set_follow(viewer, busy)
    await settle_follow(small.backend, viewer, busy)
    assert await ids_in_redis(small, viewer) == posts[:8]
    assert await small.feed(viewer, first=5) == posts + old


async def test_it_waits_for_the_mirror_of_which_timelines_are_built(small: Town) -> None:
    viewer, author = await small.person(), await small.person()
    post = await small.post(author)
    await small.set_follow(viewer, author, mirror=False)
    with pytest.raises(FollowUnsettled):
        await settle_follow(small.backend, viewer, author)
    await small.warm(viewer)
    assert await ids_in_redis(small, viewer) == []
    await small.mirror_follow(viewer, author)
    await settle_follow(small.backend, viewer, author)
    assert await ids_in_redis(small, viewer) == [post]


async def test_a_follow_anew_while_the_posts_are_taken_out_wins(small: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer, author = await small.person(), await small.person()
    await small.set_follow(viewer, author)
    post = await small.post(author)
    await small.warm(viewer)
    await small.set_follow(viewer, author, follows=False)
    read = sources.latest_pushed

    async def follow_meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(follows, "latest_pushed", read)
        await small.set_follow(viewer, author)
        await settle_follow(small.backend, viewer, author)
        return await read(*arguments)

    monkeypatch.setattr(follows, "latest_pushed", follow_meanwhile)
    await settle_follow(small.backend, viewer, author)
    assert await ids_in_redis(small, viewer) == [post]
