"""Muting: on the muter's shard and nowhere else, without an event, so that the muted cannot tell."""

from sqlalchemy import text

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.tables import Mute, MuteState
from services.backend import Backend
from services.mirrors import transition
from services.relationships.edges import FIELD
from services.relationships.gate import hold
from services.relationships.limits import MOST_MUTED, refuse_more
from services.seen import user_seen
from services.visible import MediaLinks

_MUTED = text("""
    SELECT count(*) FROM mutes WHERE muter_id = :user_id AND muted_id <> :other_id AND state = 'MUTED'
""")


async def mute(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
    """What the other posts leaves the viewer's feeds. The second time changes nothing.

    Raises UserFault: NOT_FOUND, INVALID for oneself, QUOTA_EXCEEDED; and ShardUnavailable.
    """
    if user_id == viewer_id:
        raise UserFault(UserErrorCode.INVALID, "You cannot mute yourself.", (FIELD,))
    await user_seen(backend, links, viewer_id, user_id, FIELD)
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await hold(transaction, viewer_id)
        await refuse_more(transaction, _MUTED, viewer_id, user_id, MOST_MUTED, "mute")
        await transition(
            transaction,
            Mute,
            {"muter_id": viewer_id, "muted_id": user_id},
            to_state=MuteState.MUTED.value,
            from_states=[None, MuteState.GONE.value],
        )


async def unmute(backend: Backend, links: MediaLinks, viewer_id: int, user_id: int) -> None:
    """The opposite; raises UserFault (NOT_FOUND) and ShardUnavailable."""
    await user_seen(backend, links, viewer_id, user_id, FIELD)
    async with backend.transaction(shard_of(viewer_id)) as transaction:
        await transition(
            transaction,
            Mute,
            {"muter_id": viewer_id, "muted_id": user_id},
            to_state=MuteState.GONE.value,
            from_states=[MuteState.MUTED.value],
        )
