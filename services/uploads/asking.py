"""Having uploads made anew, and seeing how far that is."""

from collections.abc import Collection
from dataclasses import dataclass

from core.errors import ShardUnavailable
from models.ids import shard_of
from models.reads.uploads import REWORKS_BY_STATE, REWORKS_UNDER_WAY, UPLOADS_TO_REWORK
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit_many
from services.uploads.jobs import about


@dataclass(frozen=True, slots=True)
class Asked:
    """The uploads that are made anew, the events by which they are, and how many of them were `asked` for now, the
    others being under way already. Uploads of which nothing is kept are not among them."""

    upload_ids: frozenset[int]
    event_ids: frozenset[int]
    asked: int


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of the events are done, and how many were given up after their last try."""

    done: int
    dead: int


async def ask_rework(backend: Backend, upload_ids: Collection[int], *, anew: bool = False) -> Asked:
    """Has those made anew that are READY or HELD: what is there as it should be is kept, or with `anew` nothing is.

    One transaction for each shard; may be done again. Raises ShardUnavailable, after which some may have been asked.
    """
    reader = backend.reader()
    uploads = await reader.by_ids(UPLOADS_TO_REWORK, upload_ids)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    event_ids: set[int] = set()
    asked = 0
    for shard in sorted({shard_of(upload["id"]) for upload in uploads}):
        here = {upload["id"]: upload for upload in uploads if shard_of(upload["id"]) == shard}
        if not anew:
            for row in await reader.on_shard(shard, REWORKS_UNDER_WAY, list(here), shard):
                event_ids.add(row["event_id"])
                here.pop(row["upload_id"], None)
        payloads = [about(upload) | ({"anew": True} if anew else {}) for _, upload in sorted(here.items())]
        async with backend.transaction(shard) as transaction:
            event_ids.update(await emit_many(transaction, EventKind.MEDIA_REWORK_ASKED, payloads))
        asked += len(payloads)
    return Asked(frozenset(upload["id"] for upload in uploads), frozenset(event_ids), asked)


async def reworks(backend: Backend, event_ids: Collection[int]) -> Standing:
    """Raises ShardUnavailable."""
    reader = backend.reader()
    rows = await reader.by_ids(REWORKS_BY_STATE, event_ids)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    states = [(row["state"], row["deliveries"]) for row in rows]
    return Standing(*(sum(count for state, count in states if state == wanted) for wanted in ("DONE", "DEAD")))
