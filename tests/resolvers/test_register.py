import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.settings import Settings
from services.backend import Backend
from tests.api import Api
from tests.factories import PASSWORD, new_username
from tests.resolvers.accounts import REGISTER, WHO, error_code, refused, registered
from tests.services.accounts.names_in_store import orphans


async def test_who_registers_is_signed_in(api: Api, settings: Settings) -> None:
    username = new_username()
    payload = await registered(api, username.upper(), email=f"{username}@Example.com")
    viewer = payload["viewer"]
    assert payload["userErrors"] == []
    assert (viewer["user"]["username"], viewer["email"]) == (username, f"{username}@example.com")
    assert (viewer["isEmailConfirmed"], viewer["hasPassword"]) == (False, True)
    expires_in = datetime.fromisoformat(payload["accessTokenExpiresAt"]) - clock.now()
    assert timedelta(seconds=settings.access_token_seconds - 30) < expires_in
    assert expires_in <= timedelta(seconds=settings.access_token_seconds)
    assert await api.data(WHO, token=payload["accessToken"]) == {"viewer": viewer}


async def test_all_of_a_profile_begins_empty(api: Api) -> None:
    username = new_username()
    query = """mutation ($input: RegisterInput!) { register(input: $input) { viewer { user {
        username fullName bio website pronouns isPrivate isVerified createdAt postCount followerCount followingCount
    } } } }"""
    given = {"username": username, "email": f"{username}@example.com", "password": PASSWORD, "fullName": " Ada L. "}
    user = (await api.data(query, {"input": given}))["register"]["viewer"]["user"]
    assert clock.now() - datetime.fromisoformat(user.pop("createdAt")) < timedelta(seconds=30)
    assert user == {
        "username": username,
        "fullName": "Ada L.",
        "bio": "",
        "website": None,
        "pronouns": None,
        "isPrivate": False,
        "isVerified": False,
        "postCount": 0,
        "followerCount": 0,
        "followingCount": 0,
    }


@pytest.mark.parametrize(
    ("changed", "code", "field"),
    [
        ({"username": ""}, "TOO_SHORT", "username"),
        ({"username": "a" * 31}, "TOO_LONG", "username"),
        ({"username": "a..b"}, "INVALID", "username"),
        ({"username": "graphql"}, "TAKEN", "username"),
        ({"email": "nobody"}, "INVALID", "email"),
        ({"email": "a" * 400 + "@example.com"}, "TOO_LONG", "email"),
        ({"password": "1234567"}, "TOO_SHORT", "password"),
        ({"password": "x" * 257}, "TOO_LONG", "password"),
        ({"fullName": "x" * 65}, "TOO_LONG", "fullName"),
        ({"fullName": "a\x00b"}, "INVALID", "fullName"),
    ],
)
async def test_what_is_refused_leaves_nothing(
    api: Api, backend: Backend, changed: dict[str, Any], code: str, field: str
) -> None:
    username = new_username()
    assert await registered(api, username, **changed) == refused(code, field)
    reader = backend.reader()
    claims = await reader.on_every_node(
        "SELECT value FROM claims WHERE value = ANY($1)", [username, f"{username}@example.com"]
    )
    assert (claims, await reader.on_every_node("SELECT id FROM users WHERE username = $1", username)) == ([], [])


async def test_a_name_or_an_address_of_somebody_else_is_taken(api: Api, backend: Backend) -> None:
    username, other = new_username(), new_username()
    await registered(api, username)
    assert await registered(api, username, email=f"{other}@example.com") == refused("TAKEN", "username")
    assert await registered(api, other, email=f"{username}@EXAMPLE.com") == refused("TAKEN", "email")
    assert await orphans(backend, username, other) == []
    assert (await registered(api, other))["userErrors"] == []


async def test_ten_at_once_one_succeeds(api: Api, backend: Backend) -> None:
    username = new_username()
    payloads = await asyncio.gather(
        *(registered(api, username, email=f"{username}.{number}@example.com") for number in range(10))
    )
    losers = [payload for payload in payloads if payload["userErrors"]]
    assert losers == [refused("TAKEN", "username")] * 9
    assert await orphans(backend, username) == []


async def test_what_is_left_out_is_a_fault_of_the_program(api: Api) -> None:
    given = {"username": "ada", "email": "ada@example.com"}
    assert await error_code(api, REGISTER, {"input": given}) == "BAD_REQUEST"
