"""Names are claims: a username or an e-mail address belongs to whoever has its row, on the shard of its hash.

The protocol is told in `docs/protocols.md`, Names. In short: claim (PENDING, owner, attempt, expiry), then the
owner's row together with the outcome KEPT, then confirm. Whoever finds an expired PENDING claim writes ABANDONED
as its outcome, on the owner's shard: the primary key decides between the two.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import delete, select, text, update
from sqlalchemy.dialects.postgresql import insert

from core.errors import ShardUnavailable, UserErrorCode, UserFault
from models.ids import shard_of, shard_of_name
from models.reads.accounts import CLAIM, CLAIM_OUTCOME, EXPIRED_CLAIMS, NAMES_OF_USER
from models.shards import Transaction
from models.tables.people import Claim, ClaimKind, ClaimOutcome, ClaimState
from services.backend import Backend

log = structlog.get_logger()
KEPT, ABANDONED = "KEPT", "ABANDONED"
TRIES = 3
_TAKEN = {ClaimKind.USERNAME: "This username is taken.", ClaimKind.EMAIL: "This e-mail address is taken."}


class AttemptAbandoned(Exception):
    """The claims of this attempt expired, and somebody took one over before its row was written: begin again."""


@dataclass(frozen=True, slots=True)
class Name:
    """`value` is in the form that `names` makes."""

    kind: ClaimKind
    value: str

    def shard(self, backend: Backend) -> int:
        return shard_of_name(f"{self.kind}:{self.value}", backend.shards.logical_shards)

    def taken(self) -> UserFault:
        return UserFault(UserErrorCode.TAKEN, _TAKEN[self.kind], (self.kind.lower(),))


@dataclass(frozen=True, slots=True)
class Held:
    """A claim as it was found. Whatever is done about it names its attempt, and so touches no later claim."""

    owner_id: int
    attempt: int
    is_confirmed: bool
    is_expired: bool


def _held(row: Any) -> Held:
    return Held(row["owner_id"], row["attempt"], row["state"] == ClaimState.CONFIRMED, row["is_expired"])


async def holder(backend: Backend, name: Name) -> Held | None:
    """Raises ShardUnavailable."""
    shard = name.shard(backend)
    rows = await backend.reader().on_shard(shard, CLAIM, shard, name.kind.value, name.value)
    return _held(rows[0]) if rows else None


async def is_free(backend: Backend, name: Name) -> bool:
    """Whether a claim would succeed now. Changes nothing. Raises ShardUnavailable."""
    held = await holder(backend, name)
    if held is None:
        return True
    return held.is_expired and await _outcome(backend, held.attempt) != KEPT


@contextlib.asynccontextmanager
async def holding(backend: Backend, names: Sequence[Name], owner_id: int, attempt: int) -> AsyncIterator[None]:
    """Claims the names for the body, which must write the owner's row and call `keep` in one transaction.

    Confirms them after it; gives them back where it refuses (UserFault, AttemptAbandoned). Whatever else happens
    may have happened after the commit, so the claims are left to their expiry. Raises UserFault (TAKEN) naming the
    field, and ShardUnavailable.
    """
    try:
        for name in names:
            await _claim(backend, name, owner_id, attempt)
        yield
    except (UserFault, AttemptAbandoned):
        for name in names:
            await or_later(_release(backend, name, attempt))
        raise
    for name in names:
        await or_later(_confirm(backend, name, attempt))


async def keep(transaction: Transaction, attempt: int) -> None:
    """In the transaction that writes the owner's row. Raises AttemptAbandoned."""
    kept = await transaction.session.execute(
        insert(ClaimOutcome)
        .values(attempt=attempt, outcome=KEPT)
        .on_conflict_do_nothing()
        .returning(ClaimOutcome.attempt)
    )
    if kept.scalar_one_or_none() is None:
        raise AttemptAbandoned


async def settle(backend: Backend, name: Name) -> None:
    """Confirms the claim if its owner goes by this name, gives it back if the owner does not (any more), and leaves
    it alone while that is open. May be run at any time, by anyone, twice. Raises ShardUnavailable."""
    held = await holder(backend, name)
    if held is not None:
        await _settle(backend, name, held)


async def sweep_claims(backend: Backend, *, most: int = 500) -> int:
    """Settles expired claims, up to `most` per node; returns how many were looked at.

    Those whose owner's node does not answer stay for the next time.
    """
    reader, shards = backend.reader(), backend.shards
    looked_at = 0
    for node in range(shards.node_count):
        for row in await reader.on_node(node, EXPIRED_CLAIMS, most, shards.shards_on(node)):
            await or_later(_settle(backend, Name(ClaimKind(row["kind"]), row["value"]), _held(row)))
            looked_at += 1
    return looked_at


async def or_later(step: Awaitable[object]) -> None:
    """A step that the event's handler, or the sweep, takes again where it fails here."""
    try:
        await step
    except ShardUnavailable as fault:
        log.warning("claim_left_pending", node=fault.node)


async def _claim(backend: Backend, name: Name, owner_id: int, attempt: int) -> None:
    for _ in range(TRIES):
        if await _insert(backend, name, owner_id, attempt):
            return
        held = await holder(backend, name)
        if held is None:
            continue  # given back in between
        if held.attempt == attempt:
            return
        # The owner's own may be a name that was given up, whose release was lost or is on its way.
        is_stale = held.is_expired or held.owner_id == owner_id
        if not is_stale or not await _settle(backend, name, held):
            raise name.taken()
    raise name.taken()


async def _insert(backend: Backend, name: Name, owner_id: int, attempt: int) -> bool:
    """Whether nobody had it."""
    shard = name.shard(backend)
    expires_at = text("clock_now() + make_interval(secs => :seconds)").bindparams(
        seconds=backend.settings.claim_seconds
    )
    async with backend.transaction(shard) as transaction:
        inserted = await transaction.session.execute(
            insert(Claim)
            .values(
                shard=shard,
                kind=name.kind.value,
                value=name.value,
                owner_id=owner_id,
                attempt=attempt,
                state=ClaimState.PENDING.value,
                expires_at=expires_at,
            )
            .on_conflict_do_nothing()
            .returning(Claim.attempt)
        )
        return inserted.scalar_one_or_none() is not None


async def _settle(backend: Backend, name: Name, held: Held) -> bool:
    """Whether the name is free of this claim."""
    if held.is_confirmed:
        outcome: str | None = KEPT
    elif held.is_expired:
        outcome = await _decide(backend, held.attempt)
    else:
        outcome = await _outcome(backend, held.attempt)
    if outcome is None:
        return False
    # Read after the outcome, so it shows at least what the attempt wrote; a later attempt has a claim of its own.
    if outcome == KEPT and await _goes_by(backend, held.owner_id, name):
        if not held.is_confirmed:
            await _confirm(backend, name, held.attempt)
        return False
    await _release(backend, name, held.attempt)
    return True


async def _outcome(backend: Backend, attempt: int) -> str | None:
    rows = await backend.reader().on_shard_of(attempt, CLAIM_OUTCOME, attempt)
    return str(rows[0]["outcome"]) if rows else None


async def _decide(backend: Backend, attempt: int) -> str:
    """KEPT if the owner was first, else ABANDONED, which from now on stops the owner."""
    async with backend.transaction(shard_of(attempt)) as transaction:
        # Waits for a transaction that is just writing the other outcome.
        await transaction.session.execute(
            insert(ClaimOutcome).values(attempt=attempt, outcome=ABANDONED).on_conflict_do_nothing()
        )
        decided = await transaction.session.execute(select(ClaimOutcome.outcome).where(ClaimOutcome.attempt == attempt))
        return str(decided.scalar_one())


async def _goes_by(backend: Backend, user_id: int, name: Name) -> bool:
    rows = await backend.reader().on_shard_of(user_id, NAMES_OF_USER, user_id)
    return bool(rows) and rows[0][name.kind.lower()] == name.value


async def _confirm(backend: Backend, name: Name, attempt: int) -> None:
    async with backend.transaction(name.shard(backend)) as transaction:
        await transaction.session.execute(
            update(Claim).where(*_is(backend, name, attempt)).values(state=ClaimState.CONFIRMED.value, expires_at=None)
        )


async def _release(backend: Backend, name: Name, attempt: int) -> None:
    async with backend.transaction(name.shard(backend)) as transaction:
        await transaction.session.execute(delete(Claim).where(*_is(backend, name, attempt)))


def _is(backend: Backend, name: Name, attempt: int) -> list[Any]:
    return [
        Claim.shard == name.shard(backend),
        Claim.kind == name.kind.value,
        Claim.value == name.value,
        Claim.attempt == attempt,
    ]
