import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from core.errors import RequestErrorCode, RequestFault, UserErrorCode, UserFault
from models.ids import shard_of
from services.accounts import tokens
from services.accounts.sessions import Origin, SignedIn, authenticate, refresh, session_is_alive, sign_out
from services.accounts.sign_in import sign_in
from services.backend import Backend
from services.live import Live, session_channel
from services.visible import MediaLinks
from tests.factories import Person, make_user


async def change_row(backend: Backend, of_id: int, statement: str, **values: Any) -> None:
    async with backend.transaction(shard_of(of_id)) as transaction:
        await transaction.session.execute(text(statement), {"id": of_id, **values})


async def session_row(backend: Backend, session_id: int) -> dict[str, Any]:
    [row] = await backend.reader().on_shard_of(session_id, "SELECT * FROM sessions WHERE id = $1", session_id)
    return dict(row)


async def renew(backend: Backend, text_: str) -> SignedIn:
    return await refresh(backend, MediaLinks(backend.signer), text_)


async def who(backend: Backend, token: str) -> int | None:
    """The id of the user for whom the token speaks; None where it is refused."""
    try:
        viewer = await authenticate(backend.settings, backend.reader(), MediaLinks(backend.signer), token)
    except RequestFault as fault:
        if fault.code is not RequestErrorCode.UNAUTHENTICATED:
            raise
        return None
    return viewer.id


async def again(backend: Backend, person: Person) -> SignedIn:
    return await sign_in(backend, MediaLinks(backend.signer), person.username, person.password, Origin())


async def refusal(backend: Backend, refresh_token: str) -> UserErrorCode:
    with pytest.raises(UserFault) as refused:
        await renew(backend, refresh_token)
    assert refused.value.field == ("refreshToken",)
    return refused.value.code


async def test_a_token_tells_all_of_its_viewer_in_one_statement(backend: Backend) -> None:
    person = await make_user(backend, full_name="Ada")
    reader = backend.reader()
    viewer = await authenticate(backend.settings, reader, MediaLinks(backend.signer), person.access_token)
    assert reader.statements == 1
    assert (viewer.id, viewer.user.full_name, viewer.email) == (person.id, "Ada", person.email)
    assert (viewer.is_email_confirmed, viewer.has_password) == (False, True)
    assert viewer.session_id == person.viewer.session_id


async def test_a_token_dies_with_its_session_and_with_its_user(backend: Backend) -> None:
    person = await make_user(backend)
    session_id = person.viewer.session_id
    reader = backend.reader()
    assert await who(backend, person.access_token) == person.id
    assert await session_is_alive(reader, session_id) is True
    await change_row(backend, person.id, "UPDATE users SET state = 'SUSPENDED' WHERE id = :id")
    assert (await who(backend, person.access_token), await session_is_alive(reader, session_id)) == (None, False)
    await change_row(backend, person.id, "UPDATE users SET state = 'ACTIVE' WHERE id = :id")
    assert (await who(backend, person.access_token), await session_is_alive(reader, session_id)) == (person.id, True)
    await change_row(backend, session_id, "UPDATE sessions SET refresh_expires_at = clock_now() WHERE id = :id")
    assert (await who(backend, person.access_token), await session_is_alive(reader, session_id)) == (None, False)


async def test_a_token_for_a_session_of_somebody_else_is_refused(backend: Backend) -> None:
    ada, eve = await make_user(backend), await make_user(backend)
    for user_id, session_id in [
        (ada.id, eve.viewer.session_id),
        (eve.id, ada.viewer.session_id),
        (ada.id, ada.viewer.session_id + 1),
        ((8000 << 10) | 1, ada.viewer.session_id),
    ]:
        forged, _ = tokens.make_access_token(backend.settings, user_id, session_id)
        assert await who(backend, forged) is None
    assert await session_is_alive(backend.reader(), (8000 << 10) | 1) is False


async def test_refreshing_replaces_both_tokens_and_keeps_the_session(backend: Backend) -> None:
    person = await make_user(backend)
    await change_row(
        backend,
        person.viewer.session_id,
        "UPDATE sessions SET last_used_at = last_used_at - interval '1 day' WHERE id = :id",
    )
    await change_row(backend, person.id, "UPDATE users SET last_active_on = '2025-01-01' WHERE id = :id")
    before = await session_row(backend, person.viewer.session_id)
    renewed = await renew(backend, person.refresh_token)
    after = await session_row(backend, person.viewer.session_id)
    assert renewed.viewer.session_id == person.viewer.session_id
    assert await who(backend, renewed.access_token) == person.id
    assert (before["generation"], after["generation"], after["revoked_at"]) == (1, 2, None)
    assert after["refresh_hash"] == tokens.read_refresh_token(backend.settings, renewed.refresh_token).hash
    assert after["refresh_hash"] != before["refresh_hash"]
    assert (after["last_used_at"] - before["last_used_at"]).days == 1
    assert after["refresh_expires_at"] > before["refresh_expires_at"]
    assert after["created_at"] == before["created_at"]
    [row] = await backend.reader().on_shard_of(
        person.id,
        "SELECT last_active_on = (clock_now() AT TIME ZONE 'UTC')::date AS today FROM users WHERE id = $1",
        person.id,
    )
    assert row["today"] is True


async def test_a_token_used_twice_ends_its_session_alone(backend: Backend) -> None:
    person = await make_user(backend)
    elsewhere = await again(backend, person)
    first = await renew(backend, person.refresh_token)
    second = await renew(backend, first.refresh_token)
    assert await who(backend, second.access_token) == person.id
    assert await refusal(backend, person.refresh_token) is UserErrorCode.EXPIRED
    assert (await session_row(backend, person.viewer.session_id))["revoked_at"] is not None
    for token in (person.access_token, first.access_token, second.access_token):
        assert await who(backend, token) is None
    assert await refusal(backend, second.refresh_token) is UserErrorCode.EXPIRED
    assert await who(backend, elsewhere.access_token) == person.id
    await renew(backend, elsewhere.refresh_token)


async def test_of_many_uses_at_once_at_most_one_succeeds_and_the_family_ends(backend: Backend) -> None:
    person = await make_user(backend)
    answers = await asyncio.gather(*(renew(backend, person.refresh_token) for _ in range(10)), return_exceptions=True)
    winners = [answer for answer in answers if isinstance(answer, SignedIn)]
    refused = [answer for answer in answers if isinstance(answer, UserFault)]
    assert len(winners) <= 1
    assert len(winners) + len(refused) == 10
    assert {fault.code for fault in refused} == {UserErrorCode.EXPIRED}
    row = await session_row(backend, person.viewer.session_id)
    assert (row["generation"], row["revoked_at"] is not None) == (2, True)
    for winner in winners:
        assert await who(backend, winner.access_token) is None


async def test_what_was_never_a_refresh_token_changes_nothing(backend: Backend) -> None:
    person = await make_user(backend)
    other = tokens.make_refresh_token(backend.settings, person.viewer.session_id, 1)
    assert await refusal(backend, "abc") is UserErrorCode.WRONG_CREDENTIALS
    assert await refusal(backend, person.access_token) is UserErrorCode.WRONG_CREDENTIALS
    assert await refusal(backend, other.text) is UserErrorCode.EXPIRED
    nowhere = tokens.make_refresh_token(backend.settings, (8000 << 10) | 1, 1)
    assert await refusal(backend, nowhere.text) is UserErrorCode.EXPIRED
    row = await session_row(backend, person.viewer.session_id)
    assert (row["generation"], row["revoked_at"]) == (1, None)
    await renew(backend, person.refresh_token)


async def test_a_refresh_token_ends_with_its_time_and_with_its_user(backend: Backend) -> None:
    person = await make_user(backend)
    await change_row(backend, person.id, "UPDATE users SET state = 'SUSPENDED' WHERE id = :id")
    assert await refusal(backend, person.refresh_token) is UserErrorCode.EXPIRED
    await change_row(backend, person.id, "UPDATE users SET state = 'ACTIVE' WHERE id = :id")
    late = "UPDATE sessions SET refresh_expires_at = clock_now() WHERE id = :id"
    await change_row(backend, person.viewer.session_id, late)
    assert await refusal(backend, person.refresh_token) is UserErrorCode.EXPIRED
    assert (await session_row(backend, person.viewer.session_id))["generation"] == 1


async def test_signing_out_ends_one_session_or_all_and_counts_them(backend: Backend) -> None:
    person, other = await make_user(backend), await make_user(backend)
    more = [await again(backend, person) for _ in range(3)]
    expired = await again(backend, person)
    late = "UPDATE sessions SET refresh_expires_at = clock_now() WHERE id = :id"
    await change_row(backend, expired.viewer.session_id, late)

    assert await sign_out(backend, more[0].viewer, everywhere=False) == 1
    assert await sign_out(backend, more[0].viewer, everywhere=False) == 0
    assert [await who(backend, one.access_token) for one in more] == [None, person.id, person.id]
    assert await sign_out(backend, person.viewer, everywhere=True) == 3
    assert await sign_out(backend, person.viewer, everywhere=True) == 0
    assert await refusal(backend, more[1].refresh_token) is UserErrorCode.EXPIRED
    assert await who(backend, other.access_token) == other.id


async def test_who_listens_is_told_of_an_end(backend: Backend) -> None:
    person = await make_user(backend)
    more = await again(backend, person)
    live = Live(backend.redis)
    live.start()

    async def next_message() -> bytes:
        async with asyncio.timeout(5):
            while not (message := await ended.get()):
                pass
            return message

    try:
        async with live.subscribe(session_channel(person.id)) as ended:
            await sign_out(backend, more.viewer, everywhere=False)
            assert await next_message() == str(more.viewer.session_id).encode()
            await renew(backend, person.refresh_token)
            await refusal(backend, person.refresh_token)
            assert await next_message() == str(person.viewer.session_id).encode()
            while not ended.empty():
                ended.get_nowait()
            await sign_out(backend, person.viewer, everywhere=True)
            async with asyncio.timeout(5):
                assert await ended.get() == b""
    finally:
        await live.stop()


async def test_headers_of_any_kind_are_kept_as_text(backend: Backend) -> None:
    person = await make_user(backend)
    origin = Origin("Camera\x00\x1b[31m" + "x" * 1000, "203.0.113.9")
    signed_in = await sign_in(backend, MediaLinks(backend.signer), person.username, person.password, origin)
    row = await session_row(backend, signed_in.viewer.session_id)
    assert (row["user_agent"][:13], row["ip_address"]) == ("Camera[31mxxx", "203.0.113.9")
    assert len(row["user_agent"]) <= 400
