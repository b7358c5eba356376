"""Signing in by username or e-mail address."""

from typing import Any

from sqlalchemy import select, update

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.reads.accounts import SIGN_IN
from models.tables.people import ClaimKind, Credential, UserState
from services.accounts.claims import Name, holder
from services.accounts.names import checked_email, username_in
from services.accounts.passwords import LONGEST, passwords
from services.accounts.sessions import NewSession, Origin, SignedIn, add_session, signed_in
from services.backend import Backend
from services.visible import MediaLinks


async def sign_in(backend: Backend, links: MediaLinks, login: str, password: str, origin: Origin) -> SignedIn:
    """A new session. Raises UserFault: WRONG_CREDENTIALS, alike in words and in time whether or not there is such an
    account; NOT_ALLOWED for one that is suspended, which only its owner is told."""
    name = _name(login)
    row = await _account(backend, name) if name else None
    stored = row["password_hash"] if row else None
    fits = await passwords(backend.settings).verify(stored, password[: LONGEST + 1])
    if row is None or stored is None or not fits:
        raise _wrong()
    if row["user_state"] != UserState.ACTIVE:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "This account is suspended.", ("login",))
    session = await _begin(backend, row["user_id"], stored, password, origin)
    return await signed_in(backend, links, session)


def _wrong() -> UserFault:
    return UserFault(UserErrorCode.WRONG_CREDENTIALS, "Login and password do not fit.")


def _name(login: str) -> Name | None:
    if "@" not in login:
        username = username_in(login.strip())
        return Name(ClaimKind.USERNAME, username) if username else None
    try:
        return Name(ClaimKind.EMAIL, checked_email(login, allow_test_domain=True))
    except UserFault:
        return None


async def _account(backend: Backend, name: Name) -> Any | None:
    """Two statements, whether or not there is an account."""
    held = await holder(backend, name)
    reader = backend.reader()
    if held is None:
        await reader.on_shard(name.shard(backend), SIGN_IN, 0)
        return None
    rows = await reader.on_shard_of(held.owner_id, SIGN_IN, held.owner_id)
    # A claim may be one that is being given up, or of a registration that is not there yet.
    return rows[0] if rows and rows[0][name.kind.lower()] == name.value else None


async def _begin(backend: Backend, user_id: int, verified: str, password: str, origin: Origin) -> NewSession:
    hashing = passwords(backend.settings)
    renewed = await hashing.hash(password) if hashing.is_outdated(verified) else None
    async with backend.transaction(shard_of(user_id)) as transaction:
        # Held until the session is there: who changes the password ends this session too, or is seen here.
        stored = await transaction.session.scalar(
            select(Credential.password_hash).where(Credential.user_id == user_id).with_for_update()
        )
        if stored != verified:
            raise _wrong()
        if renewed is not None:
            await transaction.session.execute(
                update(Credential).where(Credential.user_id == user_id).values(password_hash=renewed)
            )
        return await add_session(transaction, backend, user_id, origin)
