"""The queue as the relay fills it and the workers read it."""

import contextlib
from collections.abc import AsyncIterator, Sequence

import orjson
from arq.connections import ArqRedis
from arq.constants import job_key_prefix, result_key_prefix
from arq.jobs import serialize_job
from arq.utils import timestamp_ms
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from core.redis import redis_pool
from services.deliveries import Claimed
from workers.family import JobFamily

DELIVER = "deliver"
"""The one function that every worker offers; the handler is among its arguments."""

MS_OF_TEN_MEGABYTES = 30_000
"""How much earlier a small job may have come and still go after, for each ten megabytes of a large one."""
HEAVIEST_MS = 300_000
"""After so long even the largest is the next."""

# What arq's `enqueue_job` does, of as many jobs as there are. In each four: the queue, the job's score and id, the job.
_ENQUEUE = f"""
    for at = 2, #ARGV, 4 do
        local queue, score, id, job = ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3]
        if redis.call('EXISTS', '{job_key_prefix}' .. id, '{result_key_prefix}' .. id) == 0 then
            redis.call('PSETEX', '{job_key_prefix}' .. id, ARGV[1], job)
            redis.call('ZADD', queue, score, id)
        end
    end
"""


@contextlib.asynccontextmanager
async def open_queue(url: str) -> AsyncIterator[ArqRedis]:
    """Connects at its first use. Arguments travel as JSON: reading a pickle would run what a stranger put there."""
    connections = redis_pool(ConnectionPool, url, retry=Retry(NoBackoff(), 1))
    queue = ArqRedis(connections, job_serializer=orjson.dumps, job_deserializer=orjson.loads)
    try:
        yield queue
    finally:
        await queue.aclose(close_connection_pool=True)


def score_of(one: Claimed, now: int) -> int:
    """Its place in the queue: by the time at which it comes, in milliseconds, and behind that as it is large.

    Always in the past, since arq lets a job wait until its score has come, also where it has nothing else to do.
    """
    return now - HEAVIEST_MS + min(one.weight * MS_OF_TEN_MEGABYTES // 10_000_000, HEAVIEST_MS)


async def enqueue(queue: ArqRedis, jobs: Sequence[tuple[JobFamily, Claimed]]) -> None:
    """All in one round trip, more where the server does not know the script yet; nothing of a job of which the same try
    is in the queue already. Raises RedisError or OSError: then some may be in the queue, and bear being put in again.

    A job's id holds the number of tries begun, so that a try is not held up by arq's lock on one whose worker died.
    """
    now = timestamp_ms()
    arguments: list[str | int | bytes] = [queue.expires_extra_ms]
    for family, one in jobs:
        work = (one.event_id, one.handler, one.attempts)
        arguments += [
            family.queue,
            score_of(one, now),
            f"{one.event_id}:{one.handler}:{one.attempts}",
            serialize_job(DELIVER, work, {}, None, now, serializer=queue.job_serializer),
        ]
    await queue.register_script(_ENQUEUE)(args=arguments)
