"""The same text over and over is refused.

Texts are the same if they have the same letters, digits, signs and emoji in the same order, in whatever case and
form (NFKC): spaces, punctuation and characters that nobody sees are left out, and a character in a row counts once,
so that "Buy  NOW!!!" is "buy nooow". What is kept, in Redis and for as long as it counts, is a digest.

A moving window of the limits library: its script in Redis decides and counts in one step, so of any number who say
the same at once no more than the limit pass. What is refused does not count. The moments are those of the asking
process's clock. Redis may lose it all: then one may say it anew.
"""

import asyncio
import hashlib
import itertools
import unicodedata
from functools import lru_cache
from typing import Final

import structlog
from limits import RateLimitItemPerSecond
from limits.aio.storage import RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter
from redis.asyncio import ConnectionPool
from redis.exceptions import RedisError

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from services.backend import Backend

PATIENCE_SECONDS: Final = 1.0
"""How long a Redis that hangs is waited for."""
log = structlog.get_logger()


async def check_repeats(backend: Backend, author_id: int, text: str, *field: str) -> None:
    """Counts that the author says this; `field` is the path of the input field. Raises UserFault (REJECTED) if it was
    said `repeats_max` times within `repeats_seconds`. Lets pass, with a warning in the log, when Redis is away."""
    settings = backend.settings
    limit = RateLimitItemPerSecond(settings.repeats_max, settings.repeats_seconds, namespace="text")
    limiter = _limiter(backend.redis.connection_pool)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            passes = await limiter.hit(limit, *_key(author_id, text))
    except (RedisError, OSError) as fault:
        log.warning("repeats_unchecked", fault=type(fault).__name__)
        return
    if not passes:
        raise UserFault(UserErrorCode.REJECTED, "You have said this several times. Say something else.", field or None)


def _key(author_id: int, text: str) -> tuple[str, str, str]:
    """Tagged with the author's logical shard, as the timelines are."""
    digest = hashlib.blake2b(_folded(text).encode(), digest_size=16).hexdigest()
    return f"{{{shard_of(author_id)}}}", str(author_id), digest


def _folded(text: str) -> str:
    """What two texts that are the same have in common; of one that is nothing but punctuation, all of it."""
    plain = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    said = [character for character in plain if unicodedata.category(character)[0] in "LNS" or _is_sign(character)]
    return "".join(character for character, _ in itertools.groupby(said or plain))


def _is_sign(character: str) -> bool:
    """Vowel signs and accents are part of a word; what chooses between two looks of a character is not."""
    return unicodedata.category(character)[0] == "M" and not "\ufe00" <= character <= "\ufe0f"


@lru_cache(maxsize=4)
def _limiter(pool: ConnectionPool) -> MovingWindowRateLimiter:
    """On the connections that there are."""
    storage = RedisStorage(
        "async+redis://",
        implementation="redispy",
        key_prefix="repeats",
        connection_pool=pool,  # type: ignore[arg-type]  # documented, and typed for what an address can say
    )
    return MovingWindowRateLimiter(storage)
