"""The objects that a job puts into storage: named before they are written, and removed where nothing shows them."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.keys import new_token, served_key
from models.tables import MediaStatus
from services.backend import Backend
from services.outbox import Job
from services.uploads.rows import object_keys
from services.uploads.watching import tell_progress

KEPT = (MediaStatus.READY, MediaStatus.HELD, MediaStatus.REJECTED)
"""Of what a moderator refused the objects stay for a time."""


@dataclass(frozen=True, slots=True)
class Made:
    """A file that is to be stored."""

    path: Path
    content_type: str


async def name_objects(
    job: Job, names: Iterable[str], *, rendition: str | None = None, replaced: Iterable[str] = ()
) -> dict[str, str]:
    """The keys that objects of these names get, by name: under the token of an earlier try, where there was one, or
    that of `rendition`.

    They are committed to the delivery, and with them those that are `replaced`, so that whatever becomes of this try,
    the next one knows what it may have left. Raises Superseded and ShardUnavailable.
    """
    progress = job.progress or {"rendition": new_token(), "keys": []}
    progress = progress if rendition is None else {**progress, "rendition": rendition}
    keys = {name: served_key(progress["rendition"], name) for name in names}
    named = sorted({*progress["keys"], *replaced, *keys.values()})
    # Saving forgives the tries before it, so it happens for what is new alone: a job that kills its worker each
    # time must run out of tries.
    if named != progress["keys"]:
        await job.save_progress({**progress, "keys": named})
    return keys


async def put_objects(backend: Backend, upload_id: int, made: Mapping[str, Made], began: float) -> None:
    """Stores them by their keys, and tells of the progress from `began` to the end. Raises StorageUnavailable."""
    done = 0

    async def put(key: str, one: Made) -> None:
        nonlocal done
        await backend.storage.put(key, one.path, one.content_type)
        done += 1
        await tell_progress(backend, upload_id, began + (1 - began) * done / len(made))

    await asyncio.gather(*(put(key, one) for key, one in made.items()))


async def remove_abandoned(job: Job, upload: Any) -> None:
    """What this job put into storage and the upload does not show: it was cancelled, or rendered otherwise."""
    written = set((job.progress or {}).get("keys", []))
    shown = object_keys(upload) if upload["status"] in KEPT else []
    await job.backend.storage.delete(sorted(written.difference(shown)))
