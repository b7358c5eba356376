import asyncio

import pytest

from core.settings import Settings
from services.backend import Backend
from tests.api import Api
from tests.commands.cli import cli
from tests.factories import make_user, new_username
from tests.posting import rows, set_user_state

STANDS = "SELECT state, is_verified FROM users WHERE id = $1"


async def test_an_account_is_suspended_and_restored_while_all_runs(
    api: Api, backend: Backend, settings: Settings
) -> None:
    person = await make_user(backend)
    mine = "{ viewer { user { username } } }"
    for command, said, state in (
        ("suspend", f"{person.username} is suspended.", "SUSPENDED"),
        ("suspend", f"{person.username} is suspended already.", "SUSPENDED"),
        ("restore", f"{person.username} is active.", "ACTIVE"),
    ):
        done = await cli(settings, "people", command, person.username)
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{said}\n", "")
        assert await rows(backend, person.id, STANDS, person.id) == [(state, False)]
        answer = await api(mine, token=person.access_token)
        if state == "SUSPENDED":
            assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        else:
            assert answer["data"] == {"viewer": {"user": {"username": person.username}}}


async def test_an_account_is_verified_and_no_longer(api: Api, backend: Backend, settings: Settings) -> None:
    person = await make_user(backend)
    asked = "query ($name: String!) { user(username: $name) { isVerified } }"
    for command, said, is_verified in (
        ("verify", f"{person.username} is verified.", True),
        ("unverify", f"{person.username} is not verified.", False),
        ("unverify", f"{person.username} is not verified already.", False),
    ):
        done = await cli(settings, "people", command, f"@{person.username.upper()}")
        assert (done.returncode, done.stdout, done.stderr) == (0, f"{said}\n", "")
        assert await api.data(asked, {"name": person.username}) == {"user": {"isVerified": is_verified}}


async def test_an_unknown_name_is_one_clear_sentence(settings: Settings) -> None:
    unknown, impossible = new_username(), "no such name"
    said = await asyncio.gather(
        *(cli(settings, "people", command, name) for command, name in (("suspend", unknown), ("verify", impossible)))
    )
    assert [(one.returncode, one.stdout, one.stderr) for one in said] == [
        (1, "", f"Nobody goes by the name {name}.\n") for name in (unknown, impossible)
    ]


@pytest.mark.parametrize("command", ["restore", "verify"])
async def test_a_deleted_account_is_left_alone(backend: Backend, settings: Settings, command: str) -> None:
    person = await make_user(backend)
    await set_user_state(backend, person.id, "DELETED")
    refused = await cli(settings, "people", command, person.username)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"The account {person.username} is deleted.\n"
    assert await rows(backend, person.id, STANDS, person.id) == [("DELETED", False)]


async def test_no_database_is_one_clear_sentence(settings: Settings) -> None:
    gone = [url.replace("127.0.0.1", "127.0.0.2") for url in settings.database_urls]
    refused = await cli(settings.model_copy(update={"database_urls": gone}), "people", "suspend", "ada")
    assert (refused.returncode, refused.stderr) == (1, "No database node answers.\n")
