"""Follows as edges: their truth lives with the one followed, who decides on them; the follower has a mirror."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import text

from core.errors import not_found
from models.ids import shard_of
from models.reads.edges import FOLLOW
from models.reads.people import NAMES_BY_ID
from models.shards import Transaction
from models.tables import Counter, Follow, Following, FollowState
from services import counts
from services.backend import Backend
from services.consequences import EventKind
from services.feeds.follows import settle_follow
from services.mirrored import or_later
from services.mirrors import Edge, apply, transition
from services.outbox import JSON, Job, emit
from services.relationships.names import followed_columns, names_of, rename_followed, rename_follower
from services.withholding import FOLLOWING, FOLLOWS, settle_one

FIELD = "userId"

_BLOCKED_HERE = text("""
    SELECT EXISTS (SELECT FROM blocks WHERE blocker_id = :here AND blocked_id = :other AND state = 'BLOCKED')
        OR EXISTS (SELECT FROM blocks_received WHERE blocked_id = :here AND blocker_id = :other AND state = 'BLOCKED')
""")


async def refuse_blocked(transaction: Transaction, here_id: int, other_id: int) -> None:
    """To be called while the gate of `here_id`, who is of the transaction's shard, is held. Raises UserFault
    (NOT_FOUND) where the one blocks the other, as far as this shard has heard: if it hears later, what was begun ends
    then."""
    if (await transaction.session.execute(_BLOCKED_HERE, {"here": here_id, "other": other_id})).scalar_one():
        raise not_found("person", FIELD)


async def changed(
    transaction: Transaction, kind: EventKind, follower_id: int, followed_id: int, edge: Edge | None, **more: JSON
) -> Edge | None:
    """Counts and tells what became of a follow, on the shard of the one followed. `more` goes into the payload."""
    if edge is not None:
        await counts.add(transaction, followed_id, Counter.FOLLOWERS, edge.entered(FollowState.ACCEPTED))
        happened: dict[str, JSON] = {
            "follower_id": follower_id,
            "followed_id": followed_id,
            "version": edge.version,
            "state": edge.after,
            **more,
        }
        await emit(transaction, kind, happened)
    return edge


async def end_follow(
    transaction: Transaction,
    follower_id: int,
    followed_id: int,
    from_states: Collection[FollowState] = (FollowState.ACCEPTED, FollowState.PENDING),
) -> Edge | None:
    """On the shard of the one followed. None where it is in no such state; then nothing changes."""
    edge = await transition(
        transaction,
        Follow,
        {"followed_id": followed_id, "follower_id": follower_id},
        to_state=FollowState.GONE.value,
        from_states=[state.value for state in from_states],
    )
    return await changed(transaction, EventKind.UNFOLLOWED, follower_id, followed_id, edge)


async def shown_to_follower(  # noqa: PLR0917
    backend: Backend,
    follower_id: int,
    followed_id: int,
    edge: Edge | None,
    names: dict[str, Any],
    reservation: int | None = None,
) -> None:
    """After the commit, before the answer: mirror and timeline. Where that fails the handlers of the edge's event do
    it. Nothing where the edge is None."""
    if edge is None:
        return
    await or_later(mirror_follow(backend, follower_id, followed_id, edge, names, reservation))
    if FollowState.ACCEPTED in (edge.before, edge.after):
        await or_later(settle_follow(backend, follower_id, followed_id))


_RELEASE = text("""
    DELETE FROM follow_reservations
    WHERE follower_id = :follower_id AND followed_id = :followed_id AND attempt = :attempt
""")


async def mirror_follow(  # noqa: PLR0917
    backend: Backend,
    follower_id: int,
    followed_id: int,
    told: Edge | None,
    names: dict[str, Any],
    reservation: int | None = None,
) -> None:
    """Tells the follower's shard what the truth said, None where it has no such follow, and gives the reservation back
    that this truth has taken in. Raises ShardUnavailable."""
    async with backend.transaction(shard_of(follower_id)) as transaction:
        if told is not None:
            change = await apply(
                transaction,
                Following,
                {"follower_id": follower_id, "followed_id": followed_id},
                {"since": told.since, **names},
                version=told.version,
                state=told.after,
            )
            await counts.add(transaction, follower_id, Counter.FOLLOWING, change.entered(FollowState.ACCEPTED))
        if reservation is not None:
            whose = {"follower_id": follower_id, "followed_id": followed_id, "attempt": reservation}
            await transaction.session.execute(_RELEASE, whose)


async def repair_follow(job: Job) -> None:
    """For FOLLOWED and UNFOLLOWED: brings the mirror to what the truth says now, and the names on both sides. What was
    reserved for the follow is given back with that.

    The names are read behind the mirror: who is renamed after that finds both edges (`refresh_names`), who was before
    is caught here; so too whether either edge is withheld. Raises Unsettled and ShardUnavailable.
    """
    backend = job.backend
    follower_id, followed_id = job.payload["follower_id"], job.payload["followed_id"]
    for row in await backend.reader().on_shard_of(followed_id, FOLLOW, followed_id, follower_id):
        told = Edge(None, row["after"], row["version"], row["since"])
        names = followed_columns(row["username"], row["full_name"], row["name_version"])
        await mirror_follow(backend, follower_id, followed_id, told, names, job.payload.get("reservation"))
    for user in await backend.reader().on_shard_of(followed_id, NAMES_BY_ID, [followed_id]):
        await rename_followed(backend, followed_id, [follower_id], names_of(user))
    for user in await backend.reader().on_shard_of(follower_id, NAMES_BY_ID, [follower_id]):
        await rename_follower(backend, follower_id, [followed_id], names_of(user))
    await settle_one(backend, FOLLOWS, follower_id, followed_id)
    await settle_one(backend, FOLLOWING, followed_id, follower_id)
