"""The queues of the jobs, one for each family: what they are called, and how full they are."""

from collections.abc import Iterable

from redis.asyncio import Redis

from services.consequences import Family


def queue_name(family: Family) -> str:
    """The sorted set in which the queue's Redis holds the family's jobs."""
    return f"heliograph:{family.value}"


async def queue_depths(redis: Redis, families: Iterable[Family] = tuple(Family)) -> dict[Family, int]:
    """How many jobs each queue holds, waiting and running: one round trip. Raises RedisError or OSError."""
    asked = list(families)
    pipeline = redis.pipeline(transaction=False)
    for family in asked:
        pipeline.zcard(queue_name(family))
    return dict(zip(asked, await pipeline.execute(), strict=True))
