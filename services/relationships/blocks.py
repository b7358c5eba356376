"""Blocking, in two steps on two shards: docs/protocols.md, Blocks, says what holds between them."""

import asyncio

from sqlalchemy import text

from core.crash import crash_point
from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.reads.edges import BLOCK
from models.tables import Block, BlockReceived, BlockState
from services.backend import Backend
from services.consequences import EventKind
from services.mirrored import or_later
from services.mirrors import Edge, apply, transition
from services.outbox import JSON, Job, emit
from services.relationships.close_friends import end_close_friend
from services.relationships.edges import FIELD, end_follow, shown_to_follower
from services.relationships.gate import hold
from services.relationships.limits import MOST_BLOCKED, refuse_more
from services.relationships.names import followed_columns
from services.seen import user_seen_or_blocked
from services.visible import MediaLinks, VisibleUser

_BLOCKED = text(
    "SELECT count(*) FROM blocks WHERE blocker_id = :user_id AND blocked_id <> :other_id AND state = 'BLOCKED'"
)


async def block(backend: Backend, links: MediaLinks, viewer: VisibleUser, user_id: int) -> VisibleUser:
    """Makes the two invisible to each other and ends what they are to each other; the second time changes nothing.
    Returns the one blocked, as the blocker may still see them.

    Raises UserFault: NOT_FOUND, INVALID for oneself, QUOTA_EXCEEDED; and ShardUnavailable.
    """
    if user_id == viewer.id:
        raise UserFault(UserErrorCode.INVALID, "You cannot block yourself.", (FIELD,))
    blocked = await user_seen_or_blocked(backend, links, viewer.id, user_id, FIELD)
    ended = None
    async with backend.transaction(shard_of(viewer.id), crash_after_commit="block.after_first_step") as transaction:
        await hold(transaction, viewer.id)
        await refuse_more(transaction, _BLOCKED, viewer.id, user_id, MOST_BLOCKED, "block")
        edge = await transition(
            transaction,
            Block,
            {"blocker_id": viewer.id, "blocked_id": user_id},
            to_state=BlockState.BLOCKED.value,
            from_states=[None, BlockState.GONE.value],
        )
        if edge is not None:
            ended = await end_follow(transaction, user_id, viewer.id)
            await end_close_friend(transaction, viewer.id, user_id)
            await emit(transaction, EventKind.BLOCKED, _happened(viewer.id, user_id, edge))
    if edge is not None:
        names = followed_columns(viewer.username, viewer.full_name, viewer.name_version)
        await asyncio.gather(
            or_later(_second_step(backend, viewer.id, blocked, edge)),
            shown_to_follower(backend, user_id, viewer.id, ended, names),
        )
    return blocked


async def unblock(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> VisibleUser:
    """Ends a block; changes nothing where there is none. What the block ended stays ended. Returns the other, as the
    blocker saw them before.

    Raises UserFault (NOT_FOUND) and ShardUnavailable: a block ends only after the other's shard has heard of it.
    """
    unblocked = await user_seen_or_blocked(backend, links, viewer_id, user_id, FIELD)
    while (stands := await _block(backend, viewer_id, user_id)) and stands.after == BlockState.BLOCKED:
        await settle_block(backend, viewer_id, user_id, stands)
        crash_point("unblock.after_settling")
        async with backend.transaction(shard_of(viewer_id), crash_after_commit="unblock.after_commit") as transaction:
            edge = await transition(
                transaction,
                Block,
                {"blocker_id": viewer_id, "blocked_id": user_id},
                to_state=BlockState.GONE.value,
                from_states=[BlockState.BLOCKED.value],
                at_version=stands.version,
            )
            if edge is not None:
                await emit(transaction, EventKind.UNBLOCKED, _happened(viewer_id, user_id, edge))
        if edge is not None:
            await or_later(settle_block(backend, viewer_id, user_id, edge))
            break
    return unblocked


async def settle_block(backend: Backend, blocker_id: int, blocked_id: int, told: Edge) -> Edge | None:
    """The second step: tells the shard of the one blocked what the truth said, and ends there what a block ends.
    Where it has heard of this version before, nothing: so a job that comes late ends no follow that was made after an
    unblock. Returns the follow that it ended. Raises ShardUnavailable.
    """
    async with backend.transaction(shard_of(blocked_id)) as transaction:
        await hold(transaction, blocked_id)
        change = await apply(
            transaction,
            BlockReceived,
            {"blocked_id": blocked_id, "blocker_id": blocker_id},
            {"since": told.since},
            version=told.version,
            state=told.after,
        )
        if not change.changed or told.after != BlockState.BLOCKED:
            return None
        await end_close_friend(transaction, blocked_id, blocker_id)
        return await end_follow(transaction, blocker_id, blocked_id)


async def repair_block(job: Job) -> None:
    """For BLOCKED and UNBLOCKED: brings the other's shard to what the truth says now. Raises ShardUnavailable."""
    blocker_id, blocked_id = job.payload["blocker_id"], job.payload["blocked_id"]
    told = await _block(job.backend, blocker_id, blocked_id)
    if told is not None:
        await settle_block(job.backend, blocker_id, blocked_id, told)


async def _second_step(backend: Backend, blocker_id: int, blocked: VisibleUser, edge: Edge) -> None:
    ended = await settle_block(backend, blocker_id, blocked.id, edge)
    names = followed_columns(blocked.username, blocked.full_name, blocked.name_version)
    await shown_to_follower(backend, blocker_id, blocked.id, ended, names)


async def _block(backend: Backend, blocker_id: int, blocked_id: int) -> Edge | None:
    """As the truth has it."""
    rows = await backend.reader().on_shard_of(blocker_id, BLOCK, blocker_id, blocked_id)
    return Edge(None, **rows[0]) if rows else None


def _happened(blocker_id: int, blocked_id: int, edge: Edge) -> dict[str, JSON]:
    return {"blocker_id": blocker_id, "blocked_id": blocked_id, "version": edge.version}
