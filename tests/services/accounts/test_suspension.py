import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from core.errors import RequestErrorCode, RequestFault, UserErrorCode, UserFault
from models.global_ids import NodeKind, encode
from services.accounts.sessions import Origin, authenticate, refresh
from services.accounts.sign_in import sign_in
from services.accounts.suspension import restore, suspend
from services.backend import Backend
from services.consequences import EventKind
from tests.api import Api, subscriber
from tests.factories import Person, make_user
from tests.posting import events_about, links, make_comment, make_follow, make_post, rows, set_user_state

ROADS = """query ($user: ID!, $post: ID!, $comment: ID!, $name: String!, $other: ID!) {
  user(username: $name) { id }
  byId: node(id: $user) { id }
  post: node(id: $post) { id }
  comment: node(id: $comment) { id }
  nodes(ids: [$user, $post, $comment]) { id }
  other: node(id: $other) {
    ... on Post { comments(first: 9) { edges { node { id } } } likers(first: 9) { edges { node { id } } } }
  }
  viewer {
    homeFeed(first: 9) { edges { node { ... on Node { id } } } }
    user { followers(first: 9) { edges { node { id } } } following(first: 9) { edges { node { id } } } }
  }
}"""


async def state_of(backend: Backend, person: Person) -> str:
    [(state,)] = await rows(backend, person.id, "SELECT state FROM users WHERE id = $1", person.id)
    return str(state)


async def test_the_state_goes_back_and_forth(backend: Backend) -> None:
    person = await make_user(backend)
    for work, changes, state in (
        (restore, False, "ACTIVE"),
        (suspend, True, "SUSPENDED"),
        (suspend, False, "SUSPENDED"),
        (restore, True, "ACTIVE"),
    ):
        assert await work(backend, person.id) is changes
        assert await state_of(backend, person) == state
    for kind in (EventKind.USER_SUSPENDED, EventKind.USER_RESTORED):
        assert await events_about(backend, person.id, kind, user_id=person.id) == [{"user_id": person.id}]


@pytest.mark.parametrize("work", [suspend, restore])
async def test_a_deleted_account_stays_deleted(
    backend: Backend, work: Callable[[Backend, int], Awaitable[bool]]
) -> None:
    person = await make_user(backend)
    await set_user_state(backend, person.id, "DELETED")
    assert await work(backend, person.id) is False
    assert await state_of(backend, person) == "DELETED"
    for kind in (EventKind.USER_SUSPENDED, EventKind.USER_RESTORED):
        assert await events_about(backend, person.id, kind, user_id=person.id) == []


async def test_many_at_once_change_it_once(backend: Backend) -> None:
    person = await make_user(backend)
    assert sum(await asyncio.gather(*(suspend(backend, person.id) for _ in range(8)))) == 1
    assert sum(await asyncio.gather(*(restore(backend, person.id) for _ in range(8)))) == 1


async def test_tokens_are_refused_and_are_good_again(backend: Backend) -> None:
    person = await make_user(backend)
    await suspend(backend, person.id)
    with pytest.raises(RequestFault) as refused:
        await authenticate(backend.settings, backend.reader(), links(backend), person.access_token)
    assert refused.value.code is RequestErrorCode.UNAUTHENTICATED
    with pytest.raises(UserFault) as over:
        await refresh(backend, links(backend), person.refresh_token)
    assert over.value.code is UserErrorCode.EXPIRED
    with pytest.raises(UserFault) as barred:
        await sign_in(backend, links(backend), person.username, person.password, Origin())
    assert barred.value.code is UserErrorCode.NOT_ALLOWED
    await restore(backend, person.id)
    viewer = await authenticate(backend.settings, backend.reader(), links(backend), person.access_token)
    assert viewer.id == person.id
    assert (await refresh(backend, links(backend), person.refresh_token)).viewer.id == person.id


async def test_sockets_close_within_a_second(api: Api, socket_url: str, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    async with (
        subscriber(socket_url, person.access_token) as first,
        subscriber(socket_url, person.access_token) as second,
        subscriber(socket_url, other.access_token) as elsewhere,
    ):
        for client in (first, second, elsewhere):
            await client.subscribe("subscription { notifications { cursor } }")
        await first.nothing(0.3)
        await suspend(backend, person.id)
        began = time.monotonic()
        for client in (first, second):
            with pytest.raises(ConnectionClosed) as closed:
                await client.next()
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 4403
        assert time.monotonic() - began < 1
        await elsewhere.nothing(0.3)


async def test_every_road_leads_nowhere(api: Api, backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    post_id, elsewhere = await make_post(backend, person), await make_post(backend, other)
    comment_id = await make_comment(backend, person, elsewhere)
    like = 'mutation { likeIt: like(input: {subjectId: "%s"}) { userErrors { code } } }'
    await api.data(like % encode(NodeKind.POST, elsewhere), token=person.access_token)
    await make_follow(backend, person, other)
    await make_follow(backend, other, person)
    mine, theirs = encode(NodeKind.POST, post_id), encode(NodeKind.POST, elsewhere)
    comment = encode(NodeKind.COMMENT, comment_id)
    asked = {
        "user": person.global_id,
        "post": mine,
        "comment": comment,
        "name": person.username,
        "other": theirs,
    }

    def edges(*ids: str) -> dict[str, Any]:
        return {"edges": [{"node": {"id": one}} for one in ids]}

    before = {
        "user": {"id": person.global_id},
        "byId": {"id": person.global_id},
        "post": {"id": mine},
        "comment": {"id": comment},
        "nodes": [{"id": one} for one in (person.global_id, mine, comment)],
        "other": {"comments": edges(comment), "likers": edges(person.global_id)},
        "viewer": {
            "homeFeed": edges(theirs, mine) if elsewhere > post_id else edges(mine, theirs),
            "user": {"followers": edges(person.global_id), "following": edges(person.global_id)},
        },
    }
    after = {
        "user": None,
        "byId": None,
        "post": None,
        "comment": None,
        "nodes": [None, None, None],
        "other": {"comments": edges(), "likers": edges()},
        "viewer": {"homeFeed": edges(theirs), "user": {"followers": edges(), "following": edges()}},
    }
    assert await api.data(ROADS, asked, token=other.access_token) == before
    await suspend(backend, person.id)
    assert await api.data(ROADS, asked, token=other.access_token) == after
    assert await api.data(ROADS, asked) == after | {"viewer": None}
    await restore(backend, person.id)
    assert await api.data(ROADS, asked, token=other.access_token) == before
