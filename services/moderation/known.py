"""The pictures that moderators removed, in the memory of a process that judges: read once, then what is new.

They are read in the order of their ids, by node, up to the horizon of the node, so none is passed over because its
transaction took longer than that of a younger one. What a node does not tell is unknown, and unknown is not let in.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from core.errors import ShardUnavailable
from media.judging.likeness import Likenesses
from models.reads.moderation import REMOVED_AFTER
from models.reads.reader import Reader
from services.backend import Backend
from services.horizon import horizon_on

AT_ONCE = 5_000
_KEPT = "removed_pictures"


class KnownPictures:
    """One per process. It asks for what is new before each answer: two short statements on each node."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._after: dict[int, int] = {}
        self._ahead: set[int] = set()
        self._files: set[bytes] = set()
        self._likenesses = Likenesses()

    @classmethod
    def of(cls, backend: Backend) -> "KnownPictures":
        known: KnownPictures = backend.kept.setdefault(_KEPT, cls())
        return known

    async def has_file(self, backend: Backend, sha256: bytes) -> bool:
        """Whether a file of these bytes was removed. Raises ShardUnavailable."""
        async with self._turn:
            await self._refresh(backend)
            return sha256 in self._files

    async def has_alike(self, backend: Backend, hashes: Sequence[bytes]) -> bool:
        """Whether a picture with one of these hashes, or nearly one, was removed. Raises ShardUnavailable."""
        async with self._turn:
            await self._refresh(backend)
            return await asyncio.to_thread(self._likenesses.knows, hashes)

    async def _refresh(self, backend: Backend) -> None:
        reader = backend.reader()
        await asyncio.gather(*(self._read(reader, node) for node in range(backend.shards.node_count)))
        if reader.unavailable:
            raise ShardUnavailable(min(reader.unavailable))

    async def _read(self, reader: Reader, node: int) -> None:
        horizon = await horizon_on(reader, node)
        after = self._after.get(node, 0)
        while horizon is not None:
            rows = await reader.on_node(node, REMOVED_AFTER, after, AT_ONCE)
            if node in reader.unavailable:
                return
            for row in rows:
                self._add(row)
            if len(rows) < AT_ONCE:
                break
            after = rows[-1]["id"]
        if horizon is not None:
            # Above it others may still come in between: those are read again.
            self._after[node] = max(self._after.get(node, 0), horizon - 1)
            lowest = min(self._after.values())
            self._ahead = {number for number in self._ahead if number > lowest}

    def _add(self, row: Any) -> None:
        if row["id"] in self._ahead:
            return
        self._ahead.add(row["id"])
        self._files.add(row["sha256"])
        if row["hashes"]:
            self._likenesses.add(row["hashes"])


def file_hash(path: Path) -> bytes:
    """SHA-256. It reads the file: call it in a thread."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
