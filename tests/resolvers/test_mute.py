import asyncio

import pytest

from core.errors import UserErrorCode, UserFault
from services.backend import Backend
from services.relationships import limits, mutes
from services.relationships.mutes import mute
from tests.api import Api
from tests.factories import make_user
from tests.posting import fingerprint, links, make_follow, make_post, rows
from tests.resolvers.people import SHOWN, ids_of, pages_through, refuses, seen, shown
from tests.resolvers.posts import mutate, post_of

FEED = "{ viewer { homeFeed { edges { node { ... on Post { id } } } } } }"


async def test_the_muted_leave_the_feed_and_cannot_tell(api: Api, backend: Backend) -> None:
    viewer, other = await make_user(backend), await make_user(backend)
    post = post_of(await make_post(backend, other))
    await make_follow(backend, viewer, other)
    before = await seen(api, other, viewer)
    for name, relations, feed in (
        ("mute", ["isFollowing", "isMuting"], []),
        ("mute", ["isFollowing", "isMuting"], []),
        ("unmute", ["isFollowing"], [{"node": {"id": post}}]),
        ("unmute", ["isFollowing"], [{"node": {"id": post}}]),
    ):
        assert await mutate(api, name, SHOWN, {"userId": other.global_id}, viewer) == shown(other, *relations)
        assert await ids_of(api, viewer, "mutedUsers") == ([other.global_id] if name == "mute" else [])
        assert (await api.data(FEED, token=viewer.access_token))["viewer"]["homeFeed"]["edges"] == feed
        assert await seen(api, other, viewer) == before


async def test_twice_changes_nothing(backend: Backend) -> None:
    viewer, other = await make_user(backend), await make_user(backend)
    await mute(backend, links(backend), viewer.id, other.id)
    before = await fingerprint(backend)
    await mute(backend, links(backend), viewer.id, other.id)
    assert await fingerprint(backend) == before
    assert await rows(backend, viewer.id, "SELECT version FROM mutes WHERE muter_id = $1", viewer.id) == [(1,)]


async def test_the_list_of_the_muted_page_by_page(api: Api, backend: Backend) -> None:
    viewer, *others = [await make_user(backend) for _ in range(4)]
    for other in others:
        await mute(backend, links(backend), viewer.id, other.id)
    await pages_through(api, viewer, "mutedUsers", [other.global_id for other in reversed(others)])


async def test_more_than_the_limit_cannot_be_muted(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutes, "MOST_MUTED", 2)
    viewer, *others = [await make_user(backend) for _ in range(6)]
    trying = (mute(backend, links(backend), viewer.id, other.id) for other in others)
    answers = await asyncio.gather(*trying, return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, UserFault)]
    assert [fault.code for fault in refusals] == [UserErrorCode.QUOTA_EXCEEDED] * 3
    assert len(await rows(backend, viewer.id, "SELECT 1 FROM mutes WHERE muter_id = $1", viewer.id)) == 2
    assert limits.MOST_MUTED == 10_000


async def test_whom_one_cannot_mute(api: Api, backend: Backend) -> None:
    await refuses(api, backend, "mute", oneself=True)
