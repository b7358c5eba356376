"""Registration: two names are claimed, then everything of the new user is written in one transaction."""

from dataclasses import dataclass

from sqlalchemy.dialects.postgresql import insert

from core.crash import crash_point
from core.settings import Environment
from models.reads.accounts import MINT_TWO
from models.tables.people import ClaimKind, Credential, User
from services.accounts.claims import TRIES, AttemptAbandoned, Name, holding, is_free, keep
from services.accounts.fields import checked_full_name
from services.accounts.names import checked_email, checked_username
from services.accounts.passwords import checked_password, passwords
from services.accounts.sessions import NewSession, Origin, SignedIn, add_session, signed_in
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit
from services.visible import MediaLinks


@dataclass(frozen=True, slots=True)
class Registration:
    """As typed."""

    username: str
    email: str
    password: str
    full_name: str | None = None


@dataclass(frozen=True, slots=True)
class _Checked:
    username: Name
    email: Name
    full_name: str
    password_hash: str


async def register(backend: Backend, links: MediaLinks, registration: Registration, origin: Origin) -> SignedIn:
    """A new user, signed in. Raises UserFault: TOO_SHORT, TOO_LONG, INVALID, TAKEN; and ShardUnavailable, after
    which the user may be there or not: who registers again gets TAKEN in the one case and the user in the other."""
    checked = await _checked(backend, registration)
    for _ in range(TRIES):
        try:
            return await signed_in(backend, links, await _attempt(backend, checked, origin))
        except AttemptAbandoned:
            continue
    raise checked.username.taken()


async def _checked(backend: Backend, registration: Registration) -> _Checked:
    username = Name(ClaimKind.USERNAME, checked_username(registration.username, "username"))
    allow_test = backend.settings.env is Environment.DEVELOPMENT
    email = Name(ClaimKind.EMAIL, checked_email(registration.email, "email", allow_test_domain=allow_test))
    password = checked_password(registration.password, "password")
    full_name = checked_full_name(registration.full_name or "")
    # Before the claims, which should be held for a short time; and not for those who would be refused anyway.
    for name in (username, email):
        if not await is_free(backend, name):
            raise name.taken()
    return _Checked(username, email, full_name, await passwords(backend.settings).hash(password))


async def _attempt(backend: Backend, checked: _Checked, origin: Origin) -> NewSession:
    shard = backend.shards.any_shard()
    [minted] = await backend.reader().on_shard(shard, MINT_TWO, shard)
    user_id, attempt = minted["first"], minted["second"]
    async with holding(backend, (checked.username, checked.email), user_id, attempt):
        crash_point("register.after_claim")
        async with backend.transaction(shard) as transaction:
            await keep(transaction, attempt)
            execute = transaction.session.execute
            await execute(insert(User).values(id=user_id, username=checked.username.value, full_name=checked.full_name))
            await execute(
                insert(Credential).values(
                    user_id=user_id, email=checked.email.value, password_hash=checked.password_hash
                )
            )
            session = await add_session(transaction, backend, user_id, origin)
            await emit(transaction, EventKind.USER_REGISTERED, {"user_id": user_id})
        crash_point("register.after_row")
    return session
