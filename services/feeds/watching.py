"""Who watches their home feed at this moment, and how they are woken. A wake-up says only "look": a lost one delays.

A stream that is open writes its viewer into the sorted set of the viewer's logical shard, with the time until which
that holds as the score, and again before it is over (`keeping.py`). Nobody takes a viewer out, who may watch twice.
"""

import asyncio
import contextlib
from collections.abc import Iterable, Iterator

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from core import clock
from models.ids import shard_of
from services.backend import PUBLISH_SECONDS, Backend
from services.scripts import packed, sent

KEPT_SECONDS = 75.0
AT_ONCE = 500
"""Viewers noted in one round trip."""

log = structlog.get_logger("feeds")


def feed_channel(viewer_id: int) -> str:
    """Where it is said that something was pushed to a viewer."""
    return f"feed:{viewer_id}"


def posts_channel(author_id: int) -> str:
    """Where it is said that somebody has a new post."""
    return f"posts:{author_id}"


def key_of(shard: int) -> bytes:
    return b"watching:{%d}" % shard


async def watch(backend: Backend, *viewer_ids: int) -> bool:
    """Notes that they watch for KEPT_SECONDS from now on, and forgets those of their shards who no longer do. False
    where Redis did not take all of it."""
    done = 0
    with tried("watch_not_noted"):
        while done < len(viewer_ids):
            async with asyncio.timeout(PUBLISH_SECONDS):
                await _note(backend.redis, viewer_ids[done : done + AT_ONCE])
            done += AT_ONCE
    return done >= len(viewer_ids)


async def wake_watchers(backend: Backend, viewer_ids: Iterable[int]) -> int:
    """Wakes those of the viewers who watch, and returns how many they are: one round trip where nobody does, else
    three. Raises nothing: their streams also look by themselves."""
    groups = _by_shard(viewer_ids)
    woken: list[int] = []
    if groups:
        with tried("watchers_not_woken"):
            async with asyncio.timeout(PUBLISH_SECONDS):
                woken = await _watchers(backend.redis, groups)
                await _publish(backend.redis, [feed_channel(viewer_id) for viewer_id in woken])
    return len(woken)


async def tell_of_post(backend: Backend, author_id: int) -> None:
    """Wakes those who watch an author whose posts are not pushed to them."""
    await backend.publish(posts_channel(author_id), b"")


async def _note(redis: Redis, viewer_ids: Iterable[int]) -> None:
    now = clock.timestamp()
    async with redis.pipeline(transaction=False) as pipeline:
        for shard, noted in _by_shard(viewer_ids).items():
            pipeline.zadd(key_of(shard), {str(viewer_id): now + KEPT_SECONDS for viewer_id in noted})
            pipeline.zremrangebyscore(key_of(shard), "-inf", now)
            pipeline.expire(key_of(shard), int(KEPT_SECONDS))
        await pipeline.execute()


def _by_shard(viewer_ids: Iterable[int]) -> dict[int, list[int]]:
    groups: dict[int, list[int]] = {}
    for viewer_id in viewer_ids:
        groups.setdefault(shard_of(viewer_id), []).append(viewer_id)
    return groups


async def _watchers(redis: Redis, groups: dict[int, list[int]]) -> list[int]:
    watched = await sent(redis, [packed(b"EXISTS", key_of(shard)) for shard in groups])
    # Thousands of names are sent only to shards where somebody watches.
    groups = {shard: viewer_ids for (shard, viewer_ids), some in zip(groups.items(), watched, strict=True) if some}
    if not groups:
        return []
    async with redis.pipeline(transaction=False) as pipeline:
        for shard, viewer_ids in groups.items():
            pipeline.execute_command("ZMSCORE", key_of(shard), *viewer_ids)
        answers = await pipeline.execute()
    now = clock.timestamp()
    return [
        viewer_id
        for viewer_ids, until in zip(groups.values(), answers, strict=True)
        for viewer_id, score in zip(viewer_ids, until, strict=True)
        if score is not None and float(score) > now
    ]


async def _publish(redis: Redis, channels: list[str]) -> None:
    if channels:
        async with redis.pipeline(transaction=False) as pipeline:
            for channel in channels:
                pipeline.publish(channel, b"")
            await pipeline.execute()


@contextlib.contextmanager
def tried(failed: str) -> Iterator[None]:
    """What is behind it goes on where Redis does not answer."""
    try:
        yield
    except (RedisError, OSError) as fault:
        log.warning(failed, fault=type(fault).__name__)
