"""The queue as the relay fills it and the workers read it."""

import contextlib
from collections.abc import AsyncIterator

import orjson
from arq.connections import ArqRedis
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from core.redis import redis_pool
from services.deliveries import Claimed
from workers.family import JobFamily

DELIVER = "deliver"
"""The one function that every worker offers; the handler is among its arguments."""


@contextlib.asynccontextmanager
async def open_queue(url: str) -> AsyncIterator[ArqRedis]:
    """Connects at its first use. Arguments travel as JSON: reading a pickle would run what a stranger put there."""
    connections = redis_pool(ConnectionPool, url, retry=Retry(NoBackoff(), 1))
    queue = ArqRedis(connections, job_serializer=orjson.dumps, job_deserializer=orjson.loads)
    try:
        yield queue
    finally:
        await queue.aclose(close_connection_pool=True)


async def enqueue(queue: ArqRedis, family: JobFamily, claimed: Claimed) -> None:
    """Does nothing where the same try is in the queue already. Raises RedisError or OSError.

    The job's id holds the number of tries begun, so that a try is not held up by arq's lock on one whose worker died.
    """
    await queue.enqueue_job(
        DELIVER,
        claimed.event_id,
        claimed.handler,
        claimed.attempts,
        _job_id=f"{claimed.event_id}:{claimed.handler}:{claimed.attempts}",
        _queue_name=family.queue,
    )
