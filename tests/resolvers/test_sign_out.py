import pytest
from websockets.exceptions import ConnectionClosed

from core import clock
from services.backend import Backend
from tests.api import Api, subscriber
from tests.factories import PASSWORD, make_user
from tests.resolvers.accounts import SIGN_IN, SIGN_OUT, WHO, error_code


async def test_this_session_or_everywhere(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    login = {"input": {"login": person.username, "password": PASSWORD}}
    tokens = [(await api.data(SIGN_IN, login))["signIn"]["accessToken"] for _ in range(3)]
    assert await api.data(SIGN_OUT, token=tokens[0]) == {"signOut": {"revokedSessionCount": 1, "userErrors": []}}
    assert await error_code(api, WHO, token=tokens[0]) == "UNAUTHENTICATED"
    assert await error_code(api, SIGN_OUT, token=tokens[0]) == "UNAUTHENTICATED"
    assert (await api.data(WHO, token=tokens[1]))["viewer"]["email"] == person.email
    everywhere = {"input": {"everywhere": True}}
    assert await api.data(SIGN_OUT, everywhere, token=tokens[1]) == {
        "signOut": {"revokedSessionCount": 3, "userErrors": []}
    }
    for token in (*tokens, person.access_token):
        assert await error_code(api, WHO, token=token) == "UNAUTHENTICATED"


async def test_who_is_not_signed_in_cannot_sign_out(api: Api) -> None:
    answer = await api(SIGN_OUT)
    assert answer["data"] == {"signOut": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["UNAUTHENTICATED"]


async def test_fields_behind_it_are_those_of_nobody(api: Api, backend: Backend) -> None:
    person = await make_user(backend)
    query = """mutation { one: signOut { revokedSessionCount } two: signOut { revokedSessionCount } }"""
    answer = await api(query, token=person.access_token)
    assert answer["data"] == {"one": {"revokedSessionCount": 1}, "two": None}


async def test_sockets_of_the_session_close_within_a_second(api: Api, backend: Backend, socket_url: str) -> None:
    person = await make_user(backend)
    other = (await api.data(SIGN_IN, {"input": {"login": person.username, "password": PASSWORD}}))["signIn"]
    async with subscriber(socket_url, person.access_token) as ended, subscriber(socket_url, other["accessToken"]) as on:
        begun = clock.monotonic()
        await api.data(SIGN_OUT, token=person.access_token)
        with pytest.raises(ConnectionClosed) as closed:
            await ended.next(seconds=5)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, clock.monotonic() - begun < 1) == (4403, True)
        await on.nothing(seconds=0.3)
