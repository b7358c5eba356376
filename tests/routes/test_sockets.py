"""Sockets: who is let in, what runs over them, and that they close with their session."""

import asyncio
import contextlib
import time

import orjson
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from models.global_ids import NodeKind, encode
from services.backend import Backend
from tests.api import Api, Subscriber, subscriber
from tests.factories import Person, make_user

SIGN_OUT = "mutation { signOut { revokedSessionCount userErrors { code } } }"
NOTIFICATIONS = "subscription { notifications { cursor } }"


@pytest.fixture
async def person(backend: Backend) -> Person:
    return await make_user(backend)


async def closing(client: Subscriber) -> int:
    """The code with which the server closes."""
    try:
        while True:
            await client.next()
    except ConnectionClosed as closed:
        return closed.rcvd.code if closed.rcvd else 0


async def test_a_query_runs_over_a_socket(api: Api, socket_url: str, person: Person) -> None:
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe("{ viewer { user { username } } }")
        assert await client.event() == {"viewer": {"user": {"username": person.username}}}
        assert (await client.next())["type"] == "complete"


async def test_without_a_token_one_is_anonymous(api: Api, socket_url: str) -> None:
    async with subscriber(socket_url) as client:
        await client.subscribe("{ viewer { email } }")
        assert await client.event() == {"viewer": None}


@pytest.mark.parametrize("token", ["forged", ""])
async def test_a_bad_token_is_not_let_in(api: Api, socket_url: str, token: str) -> None:
    async with connect(socket_url, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
        payload = {"authorization": f"Bearer {token}"}
        await socket.send(orjson.dumps({"type": "connection_init", "payload": payload}).decode())
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4403


async def test_an_invalid_operation_is_told_and_the_socket_lives(api: Api, socket_url: str, person: Person) -> None:
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe("subscription { nope }")
        message = await client.next()
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"] == {"code": "BAD_REQUEST"}
        await client.subscribe("{ __typename }")
        assert await client.event() == {"__typename": "Query"}


async def test_what_is_not_the_viewers_is_refused(api: Api, socket_url: str, person: Person) -> None:
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(f'subscription {{ upload(id: "{encode(NodeKind.UPLOAD, 12345)}") {{ status }} }}')
        message = await client.next()
        assert "data" not in message["payload"] or message["payload"]["data"] is None


async def test_a_socket_closes_within_a_second_of_its_session(api: Api, socket_url: str, person: Person) -> None:
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(NOTIFICATIONS)
        await client.nothing(0.3)
        assert (await api.data(SIGN_OUT, token=person.access_token))["signOut"]["revokedSessionCount"] == 1
        signed_out = time.monotonic()
        closed = await closing(client)
        assert time.monotonic() - signed_out < 1
        assert closed == 4403


async def test_another_session_of_the_same_person_stays(api: Api, socket_url: str, person: Person) -> None:
    sign_in = "mutation ($input: SignInInput!) { signIn(input: $input) { accessToken } }"
    login = {"login": person.username, "password": person.password}
    other = (await api.data(sign_in, {"input": login}))["signIn"]["accessToken"]
    async with subscriber(socket_url, other) as client:
        await api.data(SIGN_OUT, token=person.access_token)
        await client.nothing(0.5)
        await client.subscribe("{ viewer { email } }")
        assert await client.event() == {"viewer": {"email": person.email}}


async def test_leaving_without_a_word_leaves_nothing_behind(api: Api, socket_url: str, person: Person) -> None:
    before = len(asyncio.all_tasks())
    for _ in range(5):
        with contextlib.suppress(ConnectionClosed):
            async with subscriber(socket_url, person.access_token) as client:
                await client.subscribe(NOTIFICATIONS)
                await client.nothing(0.05)
                client._socket.transport.abort()
    async with asyncio.timeout(5):
        while len(asyncio.all_tasks()) > before + 2:
            await asyncio.sleep(0.05)
