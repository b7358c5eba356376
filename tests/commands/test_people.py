import asyncio

import pytest

from commands.people import DECISIONS, decide
from core.embedded.faults import StartupError
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
    for decision, said, state in (
        ("suspend", f"{person.username} is suspended.", "SUSPENDED"),
        ("suspend", f"{person.username} is suspended already.", "SUSPENDED"),
        ("restore", f"{person.username} is active.", "ACTIVE"),
        ("restore", f"{person.username} is active already.", "ACTIVE"),
    ):
        assert await decide(settings, person.username, DECISIONS[decision]) == said
        assert await rows(backend, person.id, STANDS, person.id) == [(state, False)]
        answer = await api(mine, token=person.access_token)
        if state == "SUSPENDED":
            assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
        else:
            assert answer["data"] == {"viewer": {"user": {"username": person.username}}}


async def test_an_account_is_verified_and_no_longer(api: Api, backend: Backend, settings: Settings) -> None:
    person = await make_user(backend)
    asked = "query ($name: String!) { user(username: $name) { isVerified } }"
    for decision, said, is_verified in (
        ("verify", f"{person.username} is verified.", True),
        ("verify", f"{person.username} is verified already.", True),
        ("unverify", f"{person.username} is not verified.", False),
        ("unverify", f"{person.username} is not verified already.", False),
    ):
        assert await decide(settings, f"@{person.username.upper()}", DECISIONS[decision]) == said
        assert await api.data(asked, {"name": person.username}) == {"user": {"isVerified": is_verified}}


@pytest.mark.parametrize("decision", DECISIONS)
async def test_what_cannot_be_decided_is_one_clear_sentence(
    backend: Backend, settings: Settings, decision: str
) -> None:
    person, unknown = await make_user(backend), new_username()
    await set_user_state(backend, person.id, "DELETED")
    gone = [url.replace("127.0.0.1", "127.0.0.2") for url in settings.database_urls]
    for name, database_urls, said in (
        (person.username, settings.database_urls, f"The account {person.username} is deleted."),
        (unknown, settings.database_urls, f"Nobody goes by the name {unknown}."),
        ("no such name", settings.database_urls, "Nobody goes by the name no such name."),
        (person.username, gone, "No database node answers."),
    ):
        with pytest.raises(StartupError) as refused:
            await decide(settings.model_copy(update={"database_urls": database_urls}), name, DECISIONS[decision])
        assert str(refused.value) == said
    assert await rows(backend, person.id, STANDS, person.id) == [("DELETED", False)]


async def test_it_is_said_at_the_terminal(backend: Backend, settings: Settings) -> None:
    person, unknown = await make_user(backend), new_username()
    done, refused = await asyncio.gather(
        cli(settings, "people", "suspend", person.username), cli(settings, "people", "verify", unknown)
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{person.username} is suspended.\n", "")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr == f"Nobody goes by the name {unknown}.\n"
    assert await rows(backend, person.id, STANDS, person.id) == [("SUSPENDED", False)]
