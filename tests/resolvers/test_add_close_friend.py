import asyncio

import pytest

from core.errors import UserErrorCode, UserFault
from services.backend import Backend
from services.relationships import close_friends, limits
from services.relationships.close_friends import add_close_friend
from tests.api import Api
from tests.factories import make_user
from tests.posting import links, rows
from tests.resolvers.people import SHOWN, ids_of, pages_through, refuses, seen, shown
from tests.resolvers.posts import mutate


async def test_close_friends_are_the_viewer_s_alone(api: Api, backend: Backend) -> None:
    viewer, other = await make_user(backend), await make_user(backend)
    before = await seen(api, other, viewer)
    for name in ("addCloseFriend", "addCloseFriend", "removeCloseFriend", "removeCloseFriend"):
        is_close = name == "addCloseFriend"
        payload = await mutate(api, name, SHOWN, {"userId": other.global_id}, viewer)
        assert payload == shown(other, *(["isCloseFriend"] if is_close else []))
        assert await ids_of(api, viewer, "closeFriends") == ([other.global_id] if is_close else [])
        assert await seen(api, other, viewer) == before
    assert await rows(backend, viewer.id, "SELECT version FROM close_friends WHERE user_id = $1", viewer.id) == [(2,)]


async def test_the_list_page_by_page(api: Api, backend: Backend) -> None:
    viewer, *others = [await make_user(backend) for _ in range(4)]
    for other in others:
        await add_close_friend(backend, links(backend), viewer.id, other.id)
    await pages_through(api, viewer, "closeFriends", [other.global_id for other in reversed(others)])


async def test_there_is_a_limit(backend: Backend, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(close_friends, "MOST_CLOSE_FRIENDS", 2)
    viewer, *others = [await make_user(backend) for _ in range(6)]
    trying = (add_close_friend(backend, links(backend), viewer.id, other.id) for other in others)
    answers = await asyncio.gather(*trying, return_exceptions=True)
    refusals = [answer for answer in answers if isinstance(answer, UserFault)]
    assert [fault.code for fault in refusals] == [UserErrorCode.QUOTA_EXCEEDED] * 3
    assert limits.MOST_CLOSE_FRIENDS == 10_000


async def test_whom_one_cannot_befriend(api: Api, backend: Backend) -> None:
    await refuses(api, backend, "addCloseFriend", oneself=True)
