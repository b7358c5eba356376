"""Pictures whose URLs were given out and that may no longer be seen: the gateway asks here before it serves one.

The truth is the table `withdrawn_media`; Redis holds the set that the gateway asks. A URL lives for two buckets at
most, so what was withdrawn before that need not be known, and the set can be made anew at any time.
"""

from collections.abc import Sequence

from redis.exceptions import RedisError
from sqlalchemy.dialects.postgresql import insert

from models.shards import Transaction
from models.tables import WithdrawnMedia
from services.backend import Backend

_SET = "media:withdrawn"
_COMPLETE = ""
"""In the set where it holds all: no rendition has this name. One key, which is lost, evicted or expires as a whole."""
_RECENT = "SELECT rendition FROM withdrawn_media WHERE withdrawn_at > clock_now() - make_interval(secs => $1)"


async def withdraw(transaction: Transaction, owner_id: int, renditions: Sequence[str]) -> None:
    """Writes it down, in the transaction that takes the pictures out of view. Then `announce` it."""
    if renditions:
        rows = [{"owner_id": owner_id, "rendition": rendition} for rendition in renditions]
        await transaction.session.execute(insert(WithdrawnMedia).values(rows).on_conflict_do_nothing())


async def announce(backend: Backend, renditions: Sequence[str]) -> None:
    """Puts them into the gateway's set. May be done twice. Raises RedisError; the event's handler does it again."""
    if renditions:
        await backend.redis.sadd(_SET, *renditions)


async def is_withdrawn(backend: Backend, rendition: str) -> bool:
    """Raises where neither Redis nor PostgreSQL can tell."""
    try:
        is_complete, is_member = await backend.redis.smismember(_SET, [_COMPLETE, rendition])
        if is_complete:
            return bool(is_member)
        recent = await _recent(backend)
        rebuild = backend.redis.pipeline()
        rebuild.sadd(_SET, _COMPLETE, *recent)
        rebuild.expire(_SET, backend.settings.media_url_seconds)
        await rebuild.execute()
    except (RedisError, OSError):
        recent = await _recent(backend)
    return rendition in recent


async def _recent(backend: Backend) -> set[str]:
    reader = backend.reader()
    rows = await reader.on_every_node(_RECENT, float(3 * backend.settings.media_url_seconds))
    if reader.unavailable:
        raise ConnectionError(f"node {min(reader.unavailable)} does not tell what was withdrawn")
    return {row["rendition"] for row in rows}
