"""What a follow changes in the follower's timeline."""

from core.errors import ShardUnavailable
from models.reads.feeds import FOLLOW_MIRROR, FOLLOW_TRUTH
from models.reads.reader import Reader
from services.backend import Backend
from services.feeds import timeline
from services.feeds.sources import latest_pushed
from services.outbox import Job

TURNS = 5


class FollowUnsettled(Exception):
    """The follow's mirror is behind its truth, or the truth changes faster than one can follow: try again later."""


async def refresh_followed(job: Job) -> None:
    """For every event of a follow: brings the follower's timeline to what the truth says now.

    Raises FollowUnsettled, ShardUnavailable, RedisError or OSError.
    """
    await settle_follow(job.backend, job.payload["follower_id"], job.payload["followed_id"])


async def settle_follow(backend: Backend, follower_id: int, followed_id: int) -> None:
    """Puts the posts of the one followed in, or takes them out, until the truth is the same afterwards as before: those
    that are pushed.

    The mutation does it too, after the mirror, so that its writer sees it.

    Raises FollowUnsettled, ShardUnavailable, RedisError or OSError.
    """
    reader = backend.reader()
    follows = await _follows(reader, follower_id, followed_id)
    for _ in range(TURNS):
        latest = await latest_pushed(reader, follower_id, [followed_id], backend.settings.timeline_length)
        if reader.unavailable:
            raise ShardUnavailable(min(reader.unavailable))
        if follows:
            await timeline.merge(backend, follower_id, latest.floor, latest.ids)
        else:
            await timeline.take_out(backend, [follower_id], latest.ids)
        before, follows = follows, await _follows(reader, follower_id, followed_id)
        if follows == before:
            return
    raise FollowUnsettled


async def _follows(reader: Reader, follower_id: int, followed_id: int) -> bool:
    """What the truth says. Raises FollowUnsettled where the mirror, of which timelines are built, has not heard it."""
    truth = await reader.on_shard_of(followed_id, FOLLOW_TRUTH, followed_id, follower_id)
    if not truth:
        return False
    mirror = await reader.on_shard_of(follower_id, FOLLOW_MIRROR, follower_id, followed_id)
    if not mirror or mirror[0]["version"] < truth[0]["version"]:
        raise FollowUnsettled
    return bool(truth[0]["state"] == "ACCEPTED")
