"""Sessions: a sign-in with its two tokens. A session is one row, and a family of refresh tokens one after the other.

Everything of a session lives on the user's shard, which the session's id carries too.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, text, update
from sqlalchemy.dialects.postgresql import insert

from core import clock
from core.errors import RequestErrorCode, RequestFault, UserErrorCode, UserFault
from core.settings import Settings
from models.ids import shard_of
from models.reads.accounts import LIVE_SESSION, VIEWER
from models.reads.reader import Reader
from models.shards import Transaction
from models.tables.people import Session, User, UserState
from services.accounts import tokens
from services.backend import Backend
from services.feeds.reasons import FeedOrder
from services.live import session_channel
from services.marks import keep_marks
from services.viewer import ViewerIdentity
from services.visibility import visible_user
from services.visible import MediaLinks

USER_AGENT_LENGTH, IP_ADDRESS_LENGTH = 400, 64


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from, as its sender says: only ever shown to the user."""

    user_agent: str | None = None
    ip_address: str | None = None


@dataclass(slots=True)
class SignedIn:
    """What a client keeps, and who it now speaks for."""

    access_token: str
    access_token_expires_at: datetime
    refresh_token: str
    viewer: ViewerIdentity


@dataclass(frozen=True, slots=True)
class NewSession:
    id: int
    user_id: int
    refresh_token: str


async def authenticate(settings: Settings, reader: Reader, links: MediaLinks, token: str) -> ViewerIdentity:
    """Who an access token speaks for: one statement. Raises RequestFault (UNAUTHENTICATED) for a token that is wrong
    or over, a session that has ended, a user who is suspended; ShardUnavailable."""
    try:
        access = tokens.read_access_token(settings, token)
    except tokens.BadToken as fault:
        raise bad_token() from fault
    viewer = await _viewer(reader, links, access.user_id, access.session_id)
    if viewer is None:
        raise bad_token()
    return viewer


async def session_is_alive(reader: Reader, session_id: int) -> bool:
    """Whether it may still be used, and its user is not suspended. Raises ShardUnavailable."""
    return bool(await reader.on_shard_of(session_id, LIVE_SESSION, session_id))


async def viewer_again(backend: Backend, links: MediaLinks, viewer: ViewerIdentity) -> ViewerIdentity:
    """The viewer as stored now: after a change. Raises as `authenticate` does."""
    found = await _viewer(backend.reader(), links, viewer.id, viewer.session_id)
    if found is None:
        raise bad_token()
    return found


async def add_session(transaction: Transaction, backend: Backend, user_id: int, origin: Origin) -> NewSession:
    """In a transaction on the user's shard."""
    session_id = await transaction.mint_id()
    refresh = tokens.make_refresh_token(backend.settings, session_id, generation=1)
    await transaction.session.execute(
        insert(Session).values(
            id=session_id,
            user_id=user_id,
            refresh_hash=refresh.hash,
            generation=1,
            refresh_expires_at=_refresh_end(backend),
            user_agent=_printable(origin.user_agent, USER_AGENT_LENGTH),
            ip_address=_printable(origin.ip_address, IP_ADDRESS_LENGTH),
        )
    )
    await note_activity(transaction, user_id)
    return NewSession(session_id, user_id, refresh.text)


async def note_activity(transaction: Transaction, user_id: int) -> None:
    """Writes the day on which the user was last seen, once a day. A client that is in use comes by here every hour,
    for an access token lives no longer."""
    today = clock.now().date()
    await transaction.session.execute(
        update(User).where(User.id == user_id, User.last_active_on.is_distinct_from(today)).values(last_active_on=today)
    )


async def signed_in(backend: Backend, links: MediaLinks, session: NewSession) -> SignedIn:
    """The answer to whoever began a session. Raises as `authenticate` does, where it has ended already."""
    answer = await _signed_in(backend, links, session)
    if answer is None:
        raise bad_token()
    return answer


async def _signed_in(backend: Backend, links: MediaLinks, session: NewSession) -> SignedIn | None:
    viewer = await _viewer(backend.reader(), links, session.user_id, session.id)
    if viewer is None:
        return None
    access_token, expires_at = tokens.make_access_token(backend.settings, session.user_id, session.id)
    return SignedIn(access_token, expires_at, session.refresh_token, viewer)


async def refresh(backend: Backend, links: MediaLinks, text: str) -> SignedIn:
    """Two new tokens for a refresh token, which ends with it.

    Raises UserFault: WRONG_CREDENTIALS for what was never a token, EXPIRED for one whose time is over or that was
    used before. The latter ends the session, and every token of it: one of the two who have it is a thief.
    """
    try:
        used = tokens.read_refresh_token(backend.settings, text)
    except tokens.BadToken as fault:
        raise UserFault(UserErrorCode.WRONG_CREDENTIALS, "This is not a refresh token.", ("refreshToken",)) from fault
    over = UserFault(UserErrorCode.EXPIRED, "This refresh token is over: sign in again.", ("refreshToken",))
    if not backend.shards.exists(used.session_id):
        raise over
    async with backend.transaction(shard_of(used.session_id)) as transaction:
        renewed = await _rotate(backend, transaction, used)
        robbed = None if renewed else await _end_family(transaction, used)
    if robbed:
        await backend.publish(session_channel(robbed), str(used.session_id).encode())
    answer = await _signed_in(backend, links, renewed) if renewed else None
    if answer is None:  # also where somebody used the token again meanwhile, which ended the session
        raise over
    return answer


async def sign_out(backend: Backend, viewer: ViewerIdentity, *, everywhere: bool) -> int:
    """Ends this session, or all of the user's; returns how many lived until now. Their sockets are told."""
    async with backend.transaction(shard_of(viewer.id)) as transaction:
        ended = await transaction.session.execute(
            update(Session)
            .where(
                Session.user_id == viewer.id,
                Session.revoked_at.is_(None),
                Session.refresh_expires_at > func.clock_now(),
                *([] if everywhere else [Session.id == viewer.session_id]),
            )
            .values(revoked_at=func.clock_now())
            .returning(Session.id)
        )
        count = len(ended.all())
    await backend.publish(session_channel(viewer.id), b"" if everywhere else str(viewer.session_id).encode())
    return count


def bad_token() -> RequestFault:
    return RequestFault(RequestErrorCode.UNAUTHENTICATED, "This access token is not, or no longer, valid.")


async def _viewer(reader: Reader, links: MediaLinks, user_id: int, session_id: int) -> ViewerIdentity | None:
    rows = await reader.on_shard_of(user_id, VIEWER, user_id, session_id)
    user = visible_user(rows[0], links) if rows else None
    if user is None:
        return None
    row = rows[0]
    keep_marks(reader, user_id, row["blocked"], row["muted"])
    return ViewerIdentity(
        user,
        row["session_id"],
        row["email"],
        row["is_email_confirmed"],
        row["has_password"],
        FeedOrder(row["feed_order"]),
    )


async def _rotate(backend: Backend, transaction: Transaction, used: tokens.RefreshToken) -> NewSession | None:
    """One statement decides between two who use a token at once."""
    fresh = tokens.make_refresh_token(backend.settings, used.session_id, used.generation + 1)
    rotated = await transaction.session.execute(
        update(Session)
        .where(
            Session.id == used.session_id,
            Session.generation == used.generation,
            Session.refresh_hash == used.hash,
            Session.revoked_at.is_(None),
            Session.refresh_expires_at > func.clock_now(),
            select(User.id).where(User.id == Session.user_id, User.state == UserState.ACTIVE.value).exists(),
        )
        .values(
            refresh_hash=fresh.hash,
            generation=fresh.generation,
            refresh_expires_at=_refresh_end(backend),
            last_used_at=func.clock_now(),
        )
        .returning(Session.user_id)
    )
    user_id = rotated.scalar_one_or_none()
    if user_id is None:
        return None
    await note_activity(transaction, user_id)
    return NewSession(used.session_id, user_id, fresh.text)


async def _end_family(transaction: Transaction, used: tokens.RefreshToken) -> int | None:
    """The user whose session it was, if the token had been used before and the session still lived."""
    ended = await transaction.session.execute(
        update(Session)
        .where(Session.id == used.session_id, Session.generation > used.generation, Session.revoked_at.is_(None))
        .values(revoked_at=func.clock_now())
        .returning(Session.user_id)
    )
    return ended.scalar_one_or_none()


def _refresh_end(backend: Backend) -> Any:
    return text("clock_now() + make_interval(secs => :seconds)").bindparams(
        seconds=backend.settings.refresh_token_seconds
    )


def _printable(value: str | None, length: int) -> str | None:
    """A header as it came may hold anything; PostgreSQL refuses NUL."""
    if value is None:
        return None
    return "".join(character for character in value[:length] if character.isprintable())
