"""At most so many followed, exactly, though follows are written on as many shards as there are people: a place is taken
on the follower's shard first. docs/protocols.md, "At most 7,500 followed", says why it cannot be one more."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import text

from core.errors import ShardUnavailable, UserErrorCode, UserFault
from models.ids import shard_of
from models.reads.edges import FOLLOW, OLD_RESERVATIONS, OLD_RESERVATIONS_OF
from models.shards import Transaction
from services.backend import Backend
from services.mirrored import or_later
from services.mirrors import Edge
from services.relationships.edges import FIELD, mirror_follow
from services.relationships.gate import close_gate, hold
from services.relationships.names import followed_columns

USABLE_SECONDS = 30.0
"""A follow does not begin on a reservation that is older."""
OLD_SECONDS = 60.0
"""One that is older is settled by whoever meets it."""
AT_ONCE = 500
log = structlog.get_logger("relationships")


@dataclass(frozen=True, slots=True)
class Reservation:
    follower_id: int
    followed_id: int
    attempt: int
    reserved_at: datetime


# Places that are taken by others than the one to be followed: each once, however often it is reserved.
_TAKEN = text("""
    SELECT count(*) FROM (
        SELECT followed_id FROM following WHERE follower_id = :follower_id AND state IN ('ACCEPTED', 'PENDING')
        UNION SELECT followed_id FROM follow_reservations WHERE follower_id = :follower_id
    ) AS taken WHERE followed_id <> :followed_id
""")
_RESERVE = text("""
    INSERT INTO follow_reservations (follower_id, followed_id, attempt) VALUES (:follower_id, :followed_id, :attempt)
    RETURNING reserved_at
""")
_USABLE = text("SELECT clock_now() < CAST(:reserved_at AS timestamptz) + make_interval(secs => :seconds)")


async def reserve(backend: Backend, follower_id: int, followed_id: int) -> Reservation:
    """Takes a place. Raises UserFault (QUOTA_EXCEEDED), and ShardUnavailable."""
    reservation = await _reserve(backend, follower_id, followed_id)
    if reservation is None and await _settle_old_ones(backend, follower_id):
        reservation = await _reserve(backend, follower_id, followed_id)
    if reservation is None:
        most = backend.settings.most_followed
        raise UserFault(UserErrorCode.QUOTA_EXCEEDED, f"You can follow {most:,} people at most.", (FIELD,))
    return reservation


async def _reserve(backend: Backend, follower_id: int, followed_id: int) -> Reservation | None:
    who = {"follower_id": follower_id, "followed_id": followed_id}
    async with backend.transaction(shard_of(follower_id)) as transaction:
        await hold(transaction, follower_id)
        if (await transaction.session.execute(_TAKEN, who)).scalar_one() >= backend.settings.most_followed:
            return None
        attempt = await transaction.mint_id()
        reserved = await transaction.session.execute(_RESERVE, {**who, "attempt": attempt})
        return Reservation(follower_id, followed_id, attempt, reserved.scalar_one())


async def release(backend: Backend, reservation: Reservation) -> None:
    """For a follow that was refused, and so was surely not written. What fails here is settled when it is old."""
    await or_later(
        mirror_follow(backend, reservation.follower_id, reservation.followed_id, None, {}, reservation.attempt)
    )


async def refuse_old(backend: Backend, transaction: Transaction, reservation: Reservation) -> None:
    """On the shard of the one followed, while that person's gate is held: from here on `settle` waits for the commit.
    Raises ShardUnavailable where the follow took so long to come here that the place may be given away."""
    asked = {"reserved_at": reservation.reserved_at, "seconds": USABLE_SECONDS}
    if not (await transaction.session.execute(_USABLE, asked)).scalar_one():
        raise ShardUnavailable(backend.shards.node_of(transaction.shard))


async def settle(backend: Backend, reservation: Reservation) -> bool:
    """Gives an old reservation back, with the mirror as the truth has it; False where it is not old enough by the clock
    of the other shard. Raises ShardUnavailable."""
    follower_id, followed_id = reservation.follower_id, reservation.followed_id
    async with backend.transaction(shard_of(followed_id)) as transaction:
        # Alone: a follow that has begun on it commits first, and one that begins later finds it too old.
        await close_gate(transaction, followed_id)
        asked = {"reserved_at": reservation.reserved_at, "seconds": USABLE_SECONDS}
        if (await transaction.session.execute(_USABLE, asked)).scalar_one():
            return False
    told, names = await _truth(backend, follower_id, followed_id)
    await mirror_follow(backend, follower_id, followed_id, told, names, reservation.attempt)
    return True


async def sweep_reservations(backend: Backend) -> int:
    """Settles those that a crash has left, at most AT_ONCE of each node; returns how many. May run beside itself. What
    needs a node that does not answer is left for the next time."""
    rows = await backend.reader().on_every_node(OLD_RESERVATIONS, OLD_SECONDS, AT_ONCE)
    return await _settle_each(backend, rows)


async def _settle_old_ones(backend: Backend, follower_id: int) -> int:
    rows = await backend.reader().on_shard_of(follower_id, OLD_RESERVATIONS_OF, OLD_SECONDS, follower_id)
    return await _settle_each(backend, rows)


async def _settle_each(backend: Backend, rows: list[Any]) -> int:
    settled = 0
    for row in rows:
        try:
            settled += await settle(backend, Reservation(**row))
        except ShardUnavailable:
            continue
    if settled:
        log.info("reservations_settled", number=settled)
    return settled


async def _truth(backend: Backend, follower_id: int, followed_id: int) -> tuple[Edge | None, dict[str, Any]]:
    for row in await backend.reader().on_shard_of(followed_id, FOLLOW, followed_id, follower_id):
        told = Edge(None, row["after"], row["version"], row["since"])
        return told, followed_columns(row["username"], row["full_name"], row["name_version"])
    return None, {}
