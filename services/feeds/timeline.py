"""A viewer's timeline: the newest posts of those whom the viewer follows, and the own, as ids in Redis.

It is there for active viewers: it expires `timeline_days` after the last read, and can be lost at any moment. It is
begun by the read that does not find it. Its head (`scripts.py`) says above which *floor* it is complete, 0 meaning
to the beginning; what is below is read from PostgreSQL. Why no post is missing above the floor:

- *Push beside build.* The head of a building timeline is put first and PostgreSQL read after. A post that the read
  did not see was committed later, so its fan-out begins later and finds the timeline.
- *Lost and begun anew beside build.* A build may have read before the present timeline was begun, so it may finish
  only the one whose token it carries. Builds of the same token all read after it was given.
- *Push beside trim.* Trimming takes the lowest ids and raises the floor to the highest of them in one script; a post
  pushed later from below the floor is not put in.
- *Follow.* The mirror on the follower's shard is brought up before the author's posts are put in. A build that read
  the mirror before had begun by then: it is given up. A post committed after the follow is pushed.
- *Unfollow, then follow anew.* Whoever takes posts out asks the truth again afterwards (`follows.py`).
- *Taken out beside build.* What was read before may be in it again: the build is given up, as by a follow.
- *Expiry, eviction, FLUSHALL.* All of a timeline is one key, gone as a whole.
- *Redis restarted from an older state.* Its timelines name the server's earlier life and are thrown away.

One may hold too much for a while (posts deleted since, of people no longer followed): the rules of `home.py` decide.
"""

import secrets
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from models.ids import shard_of
from services.backend import Backend
from services.feeds import scripts
from services.scripts import Script, run, run_on_each

BUILD_SECONDS = 60
"""A timeline whose builder died is gone after this time; a build that takes longer is in vain."""

_ID = struct.Struct(">Q")
_HEAD = 24
_KEYS = b"line:*"
_KEY = b"line:{%d}:%%019d"
"""All of a shard's are of one length, so that many are made at once."""


def key_of(viewer_id: int) -> bytes:
    """Tagged with the viewer's logical shard: in a cluster the timelines of a shard can be served by one script."""
    return _KEY % shard_of(viewer_id) % viewer_id


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a timeline, newest first. `floor` is given where the piece came down to it; not where all of it would
    be below."""

    ids: list[int]
    floor: int | None


@dataclass(frozen=True, slots=True)
class Unbuilt:
    """There is no timeline yet; from now on what is pushed is kept for who builds it with this token."""

    token: bytes


async def read(backend: Backend, viewer_id: int, below: int, count: int) -> Stretch | Unbuilt:
    """The newest ids below `below`, at most `count`, and the viewer counts as active. One round trip.

    Raises RedisError or OSError.
    """
    answer = await run(
        backend.redis,
        scripts.READ,
        key_of(viewer_id),
        _ID.pack(below),
        count,
        _lifetime_ms(backend),
        secrets.token_bytes(8),
        BUILD_SECONDS * 1000,
    )
    if isinstance(answer, bytes):
        return Unbuilt(answer)
    [ids, *floor] = answer
    return Stretch([*reversed(_unpacked(ids))], _ID.unpack(floor[0])[0] if floor else None)


async def push(backend: Backend, viewer_ids: Iterable[int], *post_ids: int) -> int:
    """Puts posts into those of the timelines that exist; returns how many entries were new. One round trip.

    Raises RedisError or OSError.
    """
    members = [_ID.pack(post_id) for post_id in sorted(set(post_ids))]
    return await _on_each(backend, scripts.PUSH, viewer_ids, backend.settings.timeline_length, *members)


async def take_out(backend: Backend, viewer_ids: Iterable[int], post_ids: Iterable[int]) -> int:
    """Takes posts out of the timelines; returns how many entries there were. One round trip.

    Raises RedisError or OSError.
    """
    members = [_ID.pack(post_id) for post_id in post_ids]
    return await _on_each(backend, scripts.TAKE_OUT, viewer_ids, *members) if members else 0


async def finish(backend: Backend, viewer_id: int, token: bytes, floor: int, post_ids: Sequence[int]) -> bool:
    """Ends a build: `post_ids` are all that there are above `floor`. False if that timeline is gone or was finished.

    Raises RedisError or OSError.
    """
    ended = await run(
        backend.redis,
        scripts.FINISH,
        key_of(viewer_id),
        token,
        _ID.pack(floor),
        backend.settings.timeline_length,
        _lifetime_ms(backend),
        _packed(post_ids),
    )
    return bool(ended)


async def abandon(backend: Backend, viewer_id: int, token: bytes) -> None:
    """Gives a build up; the next read begins another. Raises RedisError or OSError."""
    await run(backend.redis, scripts.ABANDON, key_of(viewer_id), token)


async def merge(backend: Backend, viewer_id: int, floor: int, post_ids: Sequence[int]) -> None:
    """Puts in all posts of an author that are above `floor`, to which the timeline's own is raised if it is lower.

    Raises RedisError or OSError.
    """
    length = backend.settings.timeline_length
    await run(backend.redis, scripts.MERGE, key_of(viewer_id), _ID.pack(floor), length, _packed(post_ids))


@dataclass(frozen=True, slots=True)
class Whole:
    """All of a timeline that is ready, ascending."""

    floor: int
    ids: tuple[int, ...]


async def viewers(backend: Backend) -> list[int]:
    """Who has a timeline, ready or being built. Raises RedisError or OSError."""
    found = {int(key.rpartition(b":")[2]) async for key in backend.redis.scan_iter(_KEYS, count=1000)}
    return sorted(found)


async def wholes(backend: Backend, viewer_ids: Sequence[int]) -> dict[int, Whole]:
    """Those of the timelines that are ready, by viewer: one round trip, and nobody counts as active for it.

    Raises RedisError or OSError.
    """
    async with backend.redis.pipeline(transaction=False) as pipeline:
        for viewer_id in viewer_ids:
            pipeline.get(key_of(viewer_id))
        pipeline.info("server")
        *found, server = await pipeline.execute()
    run_id = server["run_id"][: _ID.size].encode()
    ready = bytes(_ID.size) + run_id
    return {
        viewer_id: Whole(_ID.unpack_from(stored, len(ready))[0], _unpacked(stored[_HEAD:]))
        for viewer_id, stored in zip(viewer_ids, found, strict=True)
        if stored is not None and stored.startswith(ready)
    }


async def drop(backend: Backend, viewer_id: int) -> None:
    """As if it had been lost: the next read begins it anew. Raises RedisError or OSError."""
    await backend.redis.delete(key_of(viewer_id))


def _packed(post_ids: Sequence[int]) -> bytes:
    return struct.pack(f">{len(post_ids)}Q", *sorted(post_ids))


def _unpacked(ids: bytes) -> tuple[int, ...]:
    return struct.unpack(f">{len(ids) // _ID.size}Q", ids)


def _lifetime_ms(backend: Backend) -> int:
    return backend.settings.timeline_days * 86_400_000


async def _on_each(backend: Backend, script: Script, viewer_ids: Iterable[int], *arguments: bytes | int) -> int:
    groups: dict[int, list[int]] = {}
    for viewer_id in viewer_ids:
        groups.setdefault(shard_of(viewer_id), []).append(viewer_id)
    keys = [(_KEY % shard, ids) for shard, ids in groups.items()]
    return sum(await run_on_each(backend.redis, script, keys, *arguments)) if keys else 0
