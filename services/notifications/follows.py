"""Telling of followers, of who asks to be one, and of who was accepted."""

from collections.abc import Callable
from functools import partial

from models.global_ids import NodeKind
from models.reads.notifications import FOLLOW
from models.tables import FollowState, NotificationKind
from services.notifications.edges import Standing, settle
from services.outbox import Job

_HOLDS: dict[NotificationKind, Callable[[str, str | None], bool]] = {
    NotificationKind.FOLLOW: lambda state, before: state == FollowState.ACCEPTED and before != FollowState.PENDING,
    NotificationKind.FOLLOW_REQUEST: lambda state, _: state == FollowState.PENDING,
    NotificationKind.FOLLOW_ACCEPTED: lambda state, before: (
        (state, before) == (FollowState.ACCEPTED, FollowState.PENDING)
    ),
}
"""Of which state of a follow, and the one before, each tells. No two hold at once. Who accepts is not told of the
follower."""


async def follow_notification(job: Job) -> None:
    """For FOLLOWED and UNFOLLOWED: tells of what the follow is now, and takes back what it was. FOLLOW_ACCEPTED is for
    the follower, the others are for the one followed.

    Raises ShardUnavailable.
    """
    followed_id, follower_id = job.payload["followed_id"], job.payload["follower_id"]
    for kind in _HOLDS:
        told_id, actor_id = followed_id, follower_id
        if kind is NotificationKind.FOLLOW_ACCEPTED:
            told_id, actor_id = follower_id, followed_id
        await settle(job, kind, actor_id, (NodeKind.USER, told_id), partial(_look, job, kind, told_id))


async def _look(job: Job, kind: NotificationKind, told_id: int) -> Standing | None:
    followed_id, follower_id = job.payload["followed_id"], job.payload["follower_id"]
    for row in await job.backend.reader().on_shard_of(followed_id, FOLLOW, followed_id, follower_id):
        # Of a follow that never changed there is nothing to take back.
        holds = _HOLDS[kind](row["state"], row["previous_state"])
        if holds or row["version"] > 1:
            return Standing(told_id, holds, row["version"])
    return None
