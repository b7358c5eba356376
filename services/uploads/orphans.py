"""Objects in storage that belong to nothing: what a worker that was killed wrote and no later try came to, and parts
that were begun for an upload which never came to be.

An original belongs to the row of its upload, which is written before anything can be sent. A rendition belongs to the
upload whose result it is, or to a delivery that is not over and has named it in its progress.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

import structlog

from core import clock
from core.errors import ShardUnavailable
from media.keys import rendition_of
from media.multiparts import ListedMultipart
from media.streams import Listed
from models.reads.reader import Reader
from models.reads.uploads import MULTIPARTS_KNOWN, ORIGINALS_KNOWN, RENDITIONS_KNOWN
from services.backend import Backend

PREFIXES = ("originals/", "variants/")
AT_ONCE = 1_000
YOUNGEST = timedelta(days=1)
"""What is younger may be on its way to somewhere."""

log = structlog.get_logger()


class OrphanSweep:
    """Goes through the storage a page of AT_ONCE objects at a time, from the beginning to the end and again; what is
    sent in parts comes last."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._prefix, self._after = 0, ""
        self._after_parts = ("", "")

    async def step(self) -> tuple[int, int, bool]:
        """Of one page: how many objects were looked at, how many of them removed, and whether all have been seen once
        more. Raises StorageUnavailable, and ShardUnavailable where a node does not tell what belongs to it: then
        nothing is removed."""
        if self._prefix == len(PREFIXES):
            return await self._step_through_parts()
        prefix = PREFIXES[self._prefix]
        found = await self._backend.storage.page(prefix, self._after, AT_ONCE)
        removed = await remove_orphans(self._backend, found)
        if len(found) == AT_ONCE:
            self._after = found[-1].key
            return len(found), removed, False
        self._prefix, self._after = self._prefix + 1, ""
        return len(found), removed, False

    async def _step_through_parts(self) -> tuple[int, int, bool]:
        found, following = await self._backend.storage.multiparts.page(PREFIXES[0], self._after_parts)
        removed = await abort_orphans(self._backend, found)
        self._after_parts = following or ("", "")
        if following is None:
            self._prefix = 0
        return len(found), removed, following is None


async def remove_orphans(backend: Backend, found: Sequence[Listed]) -> int:
    """How many of the objects belonged to nothing and are gone now. Raises as `OrphanSweep.step`."""
    old = [one.key for one in found if one.last_modified < clock.now() - YOUNGEST]
    if not old:
        return 0
    reader = backend.reader()
    known = {
        *await _known(reader, ORIGINALS_KNOWN, (key for key in old if rendition_of(key) is None)),
        *await _known(reader, RENDITIONS_KNOWN, {name for key in old if (name := rendition_of(key))}),
    }
    orphans = [key for key in old if (rendition_of(key) or key) not in known]
    if orphans:
        await backend.storage.delete(orphans)
        log.info("orphans_removed", objects=len(orphans))
    return len(orphans)


async def abort_orphans(backend: Backend, found: Sequence[ListedMultipart]) -> int:
    """How many of those that are sent in parts belonged to no upload and are gone now. Raises as `OrphanSweep.step`."""
    old = [one for one in found if one.began < clock.now() - YOUNGEST]
    if not old:
        return 0
    reader = backend.reader()
    rows = await reader.on_every_node(MULTIPARTS_KNOWN, [one.key for one in old])
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    known = {(row["object_key"], row["multipart_id"]) for row in rows}
    orphans = [one for one in old if (one.key, one.multipart_id) not in known]
    for one in orphans:
        await backend.storage.multiparts.abort(one.key, one.multipart_id)
    if orphans:
        log.info("orphaned_parts_removed", uploads=len(orphans))
    return len(orphans)


async def _known(reader: Reader, sql: str, names: Iterable[str]) -> list[str]:
    asked = list(names)
    rows = await reader.on_every_node(sql, asked) if asked else []
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return [row[0] for row in rows]


async def sweep_all(backend: Backend, track: Callable[[int, int], None]) -> tuple[int, int]:
    """Goes through all once; `track` is told of objects looked at and removed so far. Both in the end."""
    sweep, looked, removed, is_over = OrphanSweep(backend), 0, 0, False
    while not is_over:
        more, gone, is_over = await sweep.step()
        looked, removed = looked + more, removed + gone
        track(looked, removed)
    return looked, removed
