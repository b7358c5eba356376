import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from models.ids import shard_of
from models.tables import ClaimKind
from services.accounts.claims import Name, sweep_claims
from services.accounts.jobs import confirm_claims
from services.accounts.register import Registration, register
from services.accounts.sessions import Origin, SignedIn
from services.accounts.sign_in import sign_in
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import Job
from services.visible import MediaLinks
from tests.factories import PASSWORD, new_username
from tests.services.accounts.names_in_store import let_expire, orphans, state_of

ROOT = Path(__file__).resolve().parents[3]


async def join(backend: Backend, username: str, email: str) -> SignedIn:
    return await register(backend, MediaLinks(backend.signer), Registration(username, email, PASSWORD), Origin())


async def taken(backend: Backend, username: str, email: str) -> tuple[str, ...] | None:
    """The field of which it is told that it is TAKEN."""
    with pytest.raises(UserFault) as refused:
        await join(backend, username, email)
    assert refused.value.code is UserErrorCode.TAKEN
    return refused.value.field


def names_of(username: str, email: str) -> tuple[Name, Name]:
    return Name(ClaimKind.USERNAME, username), Name(ClaimKind.EMAIL, email)


async def registrations_in_child(
    environment: dict[str, str], username: str, *emails: str
) -> tuple[int, list[dict[str, Any]]]:
    """The exit code of a process that registers all of these at once, and the answers that it got."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.services.accounts.registrar", username, *emails),
        env=environment,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    answers, _ = await child.communicate()
    assert child.returncode is not None
    return child.returncode, [json.loads(line) for line in answers.splitlines()]


async def test_everything_of_a_new_user_is_written_at_once(backend: Backend) -> None:
    username = new_username()
    email = f"{username}@example.com"
    signed_in = await join(backend, username.upper(), email.upper())
    user_id = signed_in.viewer.id
    assert (signed_in.viewer.user.username, signed_in.viewer.email) == (username, email)
    assert [await state_of(backend, name) for name in names_of(username, email)] == ["CONFIRMED", "CONFIRMED"]
    rows = await backend.reader().on_shard_of(
        user_id,
        """
        SELECT u.username, u.full_name, u.state, u.last_active_on = (clock_now() AT TIME ZONE 'UTC')::date AS is_seen,
               (SELECT count(*) FROM sessions s WHERE s.user_id = u.id AND s.id = $2) AS sessions,
               (SELECT left(c.password_hash, 10) FROM credentials c WHERE c.user_id = u.id) AS hash
        FROM users u WHERE u.id = $1
        """,
        user_id,
        signed_in.viewer.session_id,
    )
    assert [tuple(row.values()) for row in rows] == [(username, "", "ACTIVE", True, 1, "$argon2id$")]
    events = await backend.reader().on_shard_of(
        user_id,
        "SELECT kind, shard_of(id) AS shard FROM events WHERE payload ->> 'user_id' = $1",
        str(user_id),
    )
    assert [(row["kind"], row["shard"]) for row in events] == [("UserRegistered", shard_of(user_id))]


async def test_a_name_and_an_address_are_taken_once(backend: Backend) -> None:
    username = new_username()
    email = f"{username}@example.com"
    await join(backend, username, email)
    other = new_username()
    assert await taken(backend, username, f"{other}@example.com") == ("username",)
    assert await taken(backend, other, email) == ("email",)
    assert await taken(backend, username, email) == ("username",)
    assert [await state_of(backend, name) for name in names_of(other, f"{other}@example.com")] == [None, None]
    assert await orphans(backend, username, other) == []


async def test_ten_at_once_in_two_processes_one_succeeds(settings: Settings, backend: Backend) -> None:
    username = new_username()
    other = await Backend.open(settings)
    try:
        answers = await asyncio.gather(
            *(join([backend, other][n % 2], username, f"{username}.{n}@example.com") for n in range(10)),
            return_exceptions=True,
        )
    finally:
        await other.close()
    winners = [answer for answer in answers if isinstance(answer, SignedIn)]
    losers = [(a.code, a.field) for a in answers if isinstance(a, UserFault)]
    assert (len(winners), losers) == (1, [(UserErrorCode.TAKEN, ("username",))] * 9)
    assert await orphans(backend, username) == []


async def test_a_crash_between_claim_and_row_leaves_a_name_that_becomes_free(
    backend: Backend, child_environment: dict[str, str], tmp_path: Path
) -> None:
    username = new_username()
    emails = [f"{username}.{n}@example.com" for n in range(6)]
    environment = child_environment | {"CRASH_AT": "register.after_claim", "HELIOGRAPH_DATA": str(tmp_path)}
    code, answers = await registrations_in_child(environment, username, *emails[:5])
    assert code == -signal.SIGKILL
    assert all((answer.get("code"), answer.get("field")) == ("TAKEN", ["username"]) for answer in answers)
    name = Name(ClaimKind.USERNAME, username)
    assert await state_of(backend, name) == "PENDING"
    assert await taken(backend, username, emails[5]) == ("username",)

    await let_expire(backend, name)
    assert (await join(backend, username, emails[5])).viewer.user.username == username
    await let_expire(backend, *(Name(ClaimKind.EMAIL, email) for email in emails[:5]))
    await sweep_claims(backend)
    assert [await state_of(backend, Name(ClaimKind.EMAIL, email)) for email in emails[:5]] == [None] * 5
    assert await orphans(backend, username) == []


@pytest.mark.parametrize("by", ["event", "sweep", "taker"])
async def test_a_crash_after_the_row_is_made_good(
    backend: Backend, child_environment: dict[str, str], tmp_path: Path, by: str
) -> None:
    username = new_username()
    email = f"{username}@example.com"
    environment = child_environment | {"CRASH_AT": "register.after_row", "HELIOGRAPH_DATA": str(tmp_path)}
    assert await registrations_in_child(environment, username, email) == (-signal.SIGKILL, [])
    names = names_of(username, email)
    assert [await state_of(backend, name) for name in names] == ["PENDING", "PENDING"]
    links = MediaLinks(backend.signer)
    viewer = (await sign_in(backend, links, username, PASSWORD, Origin())).viewer
    assert viewer.user.username == username

    if by == "event":
        payload = {"user_id": viewer.id}
        job = Job(backend, viewer.id, EventKind.USER_REGISTERED, "confirm_claims", payload, 1, None, 10.0)
        await confirm_claims(job)
        await confirm_claims(job)
    else:
        await let_expire(backend, *names)
    if by == "sweep":
        await sweep_claims(backend)
    if by == "taker":
        other = new_username()
        # The quick look says so without a claim; a claim of its own finds the same, and confirms.
        assert await taken(backend, username, f"{other}@example.com") == ("username",)
        assert await taken(backend, other, email) == ("email",)
        await sweep_claims(backend)
    assert [await state_of(backend, name) for name in names] == ["CONFIRMED", "CONFIRMED"]
    assert await orphans(backend, username) == []
