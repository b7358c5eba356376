"""Sockets: who is let in, what runs over them, and that they close with their session."""

import asyncio
import contextlib
import time
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from starlette.websockets import WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from core.errors import ShardUnavailable
from core.settings import Settings
from execution.engine import Engine
from loaders.context import Context
from models.global_ids import NodeKind, encode
from routes.graphql import ContextOf
from routes.sockets import SocketContext, Sockets
from services.backend import Backend
from services.live import Live
from tests.api import Api, Subscriber, subscriber
from tests.factories import Person, make_user

SIGN_OUT = "mutation { signOut { revokedSessionCount userErrors { code } } }"
SIGN_IN = "mutation ($input: SignInInput!) { signIn(input: $input) { viewer { email } } }"
NOTIFICATIONS = "subscription { notifications { cursor } }"


@pytest.fixture
async def person(backend: Backend) -> Person:
    return await make_user(backend)


def login_of(person: Person) -> dict[str, Any]:
    return {"input": {"login": person.username, "password": person.password}}


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


async def test_signing_in_over_a_socket_makes_nobody_of_it(api: Api, socket_url: str, person: Person) -> None:
    async with subscriber(socket_url) as client:
        await client.subscribe(SIGN_IN, login_of(person))
        assert (await client.event())["signIn"]["viewer"] == {"email": person.email}
        assert (await client.next())["type"] == "complete"
        await client.subscribe("{ viewer { email } }")
        assert await client.event() == {"viewer": None}


async def test_signing_out_over_a_socket_closes_it(
    api: Api, socket_url: str, person: Person, caplog: pytest.LogCaptureFixture
) -> None:
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(NOTIFICATIONS)
        await client.subscribe(SIGN_OUT)
        async with asyncio.timeout(2):
            assert await closing(client) == 4403  # its answer may come before that, or not
    assert "strawberry.ws.task" not in {record.name for record in caplog.records}
    with pytest.raises(AssertionError, match="UNAUTHENTICATED"):
        await api.data("{ viewer { email } }", token=person.access_token)


async def test_signing_in_as_another_does_not_outlive_the_session(
    api: Api, socket_url: str, backend: Backend, person: Person
) -> None:
    other = await make_user(backend)
    async with subscriber(socket_url, person.access_token) as client:
        await client.subscribe(NOTIFICATIONS)
        await client.subscribe(SIGN_IN, login_of(other))
        await client.event()
        await api.data(SIGN_OUT, token=person.access_token)
        async with asyncio.timeout(1):
            assert await closing(client) == 4403


async def test_an_operation_sees_the_viewer_as_stored_now(api: Api, socket_url: str, person: Person) -> None:
    rename = 'mutation { updateProfile(input: {fullName: "Grace"}) { userErrors { code } } }'
    async with subscriber(socket_url, person.access_token) as client:
        await api.data(rename, token=person.access_token)
        await client.subscribe("{ viewer { user { fullName } } }")
        assert await client.event() == {"viewer": {"user": {"fullName": "Grace"}}}


@pytest.mark.parametrize(
    "message",
    [
        "[]",
        "7",
        "{}",
        '{"type": []}',
        '{"type": "nonsense"}',
        '{"type": "subscribe", "id": "1"}',
        '{"type": "subscribe", "id": "1", "payload": []}',
        '{"type": "subscribe", "id": [], "payload": {"query": "{ __typename }"}}',
        '{"type": "complete", "id": []}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ user(username: \\"\\ud800\\") { id } }"}}',
        "[" * 100_000,
    ],
)
async def test_what_is_no_message_closes_the_socket(api: Api, socket_url: str, person: Person, message: str) -> None:
    async with subscriber(socket_url, person.access_token) as client:
        await client._socket.send(message)
        assert await closing(client) == 4400


@pytest.mark.parametrize(
    "payload",
    [
        {"query": 5},
        {"query": ["{ __typename }"]},
        {"query": "{ __typename }", "variables": [1]},
        {"query": "{ __typename }", "operationName": {"a": 1}},
    ],
)
async def test_what_is_no_operation_is_told_and_the_socket_lives(
    api: Api, socket_url: str, person: Person, payload: dict[str, Any]
) -> None:
    async with subscriber(socket_url, person.access_token) as client:
        await client._send({"id": "odd", "type": "subscribe", "payload": payload})
        message = await client.next()
        assert (message["id"], message["type"]) == ("odd", "error")
        assert message["payload"][0]["extensions"] == {"code": "BAD_REQUEST"}
        await client.subscribe("{ __typename }")
        assert await client.event() == {"__typename": "Query"}


async def test_a_message_is_no_larger_than_a_request(api: Api, socket_url: str, settings: Settings) -> None:
    async with subscriber(socket_url) as client:
        await client._send({"type": "ping", "payload": {"filling": "x" * settings.request_max_bytes}})
        assert await closing(client) == 1009


async def test_a_watch_outlives_an_outage_and_closes_then(backend: Backend, person: Person) -> None:
    answers: list[ShardUnavailable | bool] = [ShardUnavailable(0), False]
    closed: list[int] = []

    async def is_alive(_: Context) -> bool:
        answer = answers.pop(0)
        if isinstance(answer, ShardUnavailable):
            raise answer
        return answer

    async def close(code: int, _: str) -> None:
        closed.append(code)

    live = Live(backend.redis)
    live.start()
    sockets = Sockets(cast(Engine, None), cast(ContextOf, None), is_alive, is_development=False)
    socket = cast(WebSocket, SimpleNamespace(close=close))
    context = SocketContext(backend=backend, live=live, viewer=person.viewer, socket=socket)
    async with asyncio.timeout(5):
        await sockets._close_with_session(context)
    await live.stop()
    assert (closed, answers) == ([4403], [])


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
