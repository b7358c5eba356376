"""Pictures whose URLs were given out and that may no longer be seen: the gateway asks here before it serves one.

Every URL is signed for an *epoch* of its owner, `max(users.media_floor, posts.media_epoch)`. Whatever takes pictures
out of view raises `users.media_epoch` and withdraws the epochs below it, in its own transaction: of a post's renditions
(archived), of all the owner's content (the account went private), of avatars too (the owner was suspended). URLs signed
from then on are of the new epoch, and work for whoever may see the picture; URLs of other posts stay as they are. What
is deleted is withdrawn for every epoch.

The truth is the table `withdrawn_media`. Redis holds what the gateway asks: one sorted set of what is withdrawn, with
`below_epoch` as the score. A URL lives for two buckets at most, so what was withdrawn before that need not be known,
and the set can be made anew at any time. It is complete while it holds the mark `=RUN`, in which RUN names the life of
the Redis server: one that came back older than it was is not believed.
"""

import asyncio
import secrets
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from functools import partial
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from core.crash import crash_point
from media.caching import owner_tag
from media.cdn import Cdn
from media.signing import CachePolicy, Grant
from models.reads.withdrawals import RECENT, WITHDRAWN
from models.shards import Transaction
from models.tables import Post, User, WithdrawnMedia
from models.tables.withdrawals import EVERY_EPOCH
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import Job, emit
from services.scripts import Script, run
from services.uploads.rows import keys_of, renditions_of

KEY = "media:withdrawn"
SETTLING_SECONDS = 1.0
"""How long an answer is on its way into a cache."""
REDIS_SECONDS = 1.0
"""How long a picture waits for a Redis that hangs."""
_AT_ONCE = 1_000


class Scope(StrEnum):
    """What can be withdrawn of an owner as a whole. In the table in place of a rendition; none has such a name."""

    CONTENT = "content"
    AVATAR = "avatar"


async def withdraw(
    transaction: Transaction, owner_id: int, renditions: Sequence[str], below_epoch: int = EVERY_EPOCH
) -> None:
    """In the transaction that takes the pictures out of view. The gateway knows it when `Backend.transaction` is left,
    or when the event's handler has run."""
    if not renditions:
        return
    names = sorted(set(renditions))
    statement = insert(WithdrawnMedia).values(
        [{"owner_id": owner_id, "rendition": name, "below_epoch": below_epoch} for name in names]
    )
    newer = {
        "below_epoch": func.greatest(WithdrawnMedia.below_epoch, statement.excluded.below_epoch),
        "withdrawn_at": func.clock_now(),
    }
    await transaction.session.execute(
        statement.on_conflict_do_update(index_elements=["owner_id", "rendition"], set_=newer)
    )
    await emit(transaction, EventKind.MEDIA_WITHDRAWN, {"owner_id": owner_id, "renditions": names})
    members = {_member(owner_id, name): below_epoch for name in names}
    transaction.after_commit.append(partial(_announce, members))


async def withdraw_post_media(transaction: Transaction, author_id: int, post_id: int) -> None:
    """For a post that is archived: URLs of its media die, and those signed from now on are of a new epoch.

    It locks the author's row: whoever holds the post's takes that one first. Raises LookupError where there is no such
    post.
    """
    epoch = await _next_epoch(transaction, author_id)
    media = await transaction.session.scalar(
        update(Post).where(Post.id == post_id).values(media_epoch=epoch).returning(Post.media)
    )
    if media is None:
        raise LookupError(f"no post {post_id}")
    keys = [key for inline in media for key in keys_of(inline)]
    await withdraw(transaction, author_id, renditions_of(keys), epoch)


async def withdraw_content(transaction: Transaction, owner_id: int) -> None:
    """For an account that goes private: URLs of all that the owner has posted or uploaded die; an avatar's stay."""
    epoch = await _next_epoch(transaction, owner_id, is_floor=True)
    await withdraw(transaction, owner_id, [Scope.CONTENT], epoch)


async def withdraw_owner(transaction: Transaction, owner_id: int) -> None:
    """For an owner who is suspended: all the owner's URLs die, avatars too."""
    epoch = await _next_epoch(transaction, owner_id, is_floor=True)
    await withdraw(transaction, owner_id, list(Scope), epoch)


async def _next_epoch(transaction: Transaction, owner_id: int, *, is_floor: bool = False) -> int:
    """Raises LookupError where there is no such user."""
    values = {"media_epoch": User.media_epoch + 1} | ({"media_floor": User.media_epoch + 1} if is_floor else {})
    epoch = await transaction.session.scalar(
        update(User).where(User.id == owner_id).values(values).returning(User.media_epoch)
    )
    if epoch is None:
        raise LookupError(f"no user {owner_id}")
    return int(epoch)


async def announce_withdrawals(job: Job) -> None:
    """For MEDIA_WITHDRAWN: the gateway knows, also where the process died behind the commit; then the network of caches
    forgets, where there is one. May be done twice.

    Raises RedisError, ShardUnavailable and CdnUnavailable.
    """
    owner_id = job.payload["owner_id"]
    rows = await job.backend.reader().on_shard_of(owner_id, WITHDRAWN, owner_id, job.payload["renditions"])
    await _put(job.backend, _scores(rows))
    if job.backend.cdn is not None:
        await _purge(job.backend.cdn, owner_id, job.payload["renditions"])


async def _purge(cdn: Cdn, owner_id: int, names: Sequence[str]) -> None:
    """Twice: an answer that the gateway had begun before it knew may come to a cache behind the first one."""
    tags = sorted({owner_tag(owner_id) if name in _SCOPES else name for name in names})
    await cdn.purge(tags)
    await asyncio.sleep(SETTLING_SECONDS)
    await cdn.purge(tags)


async def is_withdrawn(backend: Backend, rendition: str, grant: Grant) -> bool:
    """Whether a URL of the rendition that was given out for this grant is to be refused. One round trip.

    Where Redis does not have it all, the owner's shard is asked, and the set is made anew beside. Raises where neither
    can tell.
    """
    names = [rendition, Scope.AVATAR if grant.policy is CachePolicy.AVATAR else Scope.CONTENT]
    try:
        async with asyncio.timeout(REDIS_SECONDS):
            below = await run(backend.redis, _ASK, KEY, *(_member(grant.owner_id, name) for name in names))
    except (RedisError, OSError):
        below = None
    else:
        if below is None:
            backend.background.begin(KEY, partial(_rebuild, backend))
    if below is None:
        rows = await backend.reader().on_shard_of(grant.owner_id, WITHDRAWN, grant.owner_id, names)
        below = [row["below_epoch"] for row in rows]
    return any(score is not None and grant.epoch < float(score) for score in below)


# KEYS the set; ARGV members. Gives the score of each, as text or false; false where the set is not complete.
_ASK = Script("""
if not redis.call('ZSCORE', KEYS[1], '=' .. run) then
    return false
end
return redis.call('ZMSCORE', KEYS[1], unpack(ARGV))
""")

# KEYS the set; ARGV a token. What is announced from now on is in a set that has this token in the end.
_BEGIN = Script("redis.call('ZADD', KEYS[1], 0, '?' .. run .. ARGV[1])")

# KEYS the set; ARGV the token, seconds to keep the set. If it was not lost since `_BEGIN`, it is complete.
_FINISH = Script("""
if redis.call('ZREM', KEYS[1], '?' .. run .. ARGV[1]) == 1 then
    redis.call('ZADD', KEYS[1], 0, '=' .. run)
    redis.call('EXPIRE', KEYS[1], ARGV[2])
end
""")


async def _rebuild(backend: Backend) -> None:
    """Raises RedisError, and ConnectionError where a node does not tell."""
    token = secrets.token_hex(8)
    await run(backend.redis, _BEGIN, KEY, token)
    reader = backend.reader()
    rows = await reader.on_every_node(RECENT, float(3 * backend.settings.media_url_seconds))
    if reader.unavailable:
        raise ConnectionError(f"node {min(reader.unavailable)} does not tell what was withdrawn")
    await _put(backend, _scores(rows))
    await run(backend.redis, _FINISH, KEY, token, backend.settings.media_url_seconds)


async def _announce(members: Mapping[str, int], backend: Backend) -> None:
    crash_point("withdrawals.before_announce")
    await _put(backend, members)


async def _put(backend: Backend, members: Mapping[str, int]) -> None:
    """Raises RedisError."""
    entries = list(members.items())
    for first in range(0, len(entries), _AT_ONCE):
        await backend.redis.zadd(KEY, dict(entries[first : first + _AT_ONCE]), gt=True)


def _scores(rows: Iterable[Any]) -> dict[str, int]:
    return {_member(row["owner_id"], row["rendition"]): row["below_epoch"] for row in rows}


def _member(owner_id: int, rendition: str) -> str:
    """How the set names it. A rendition is one owner's, and has no colon."""
    return f"{rendition}:{owner_id}" if rendition in _SCOPES else rendition


_SCOPES = frozenset(Scope)
