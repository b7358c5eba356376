"""What nobody came back for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import func, update

from models.ids import shard_of
from models.reads.uploads import UPLOADS_GIVEN_UP, UPLOADS_LONG_REJECTED, UPLOADS_NEVER_SENT, UPLOADS_TO_EMPTY
from models.tables import MediaStatus, Upload
from services.backend import Backend
from services.uploads.outcomes import make_failed
from services.uploads.parts import remove_parts
from services.uploads.rows import object_keys
from services.uploads.watching import tell_change

AT_ONCE = 500
NEVER_SENT = "The file was not sent in time."
SAID_BY_FILE = ("source", "captured_at", "camera")
"""What its owner had of the file, the place among it: it goes with the file."""
GIVEN_UP = "Something went wrong on our side. Please send this file again."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Swept:
    """How many uploads were given up as never sent, emptied in storage, and failed after their last try."""

    expired: int
    emptied: int
    failed: int


async def sweep_uploads(backend: Backend) -> Swept:
    """One round over all nodes, of at most AT_ONCE uploads of each sort and node; may run beside itself.

    A node that does not answer is left out. Raises StorageUnavailable.
    """
    reader = backend.reader()
    never_sent = await reader.on_every_node(UPLOADS_NEVER_SENT, AT_ONCE)
    for upload in never_sent:
        await _expire(backend, upload)
    given_up = await reader.on_every_node(UPLOADS_GIVEN_UP, AT_ONCE)
    for upload in given_up:
        await make_failed(backend, upload, GIVEN_UP)
    to_empty = await reader.on_every_node(UPLOADS_TO_EMPTY, AT_ONCE)
    to_empty += await reader.on_every_node(UPLOADS_LONG_REJECTED, AT_ONCE, backend.settings.rejected_days)
    await _empty(backend, to_empty)
    swept = Swept(len(never_sent), len(to_empty), len(given_up))
    if swept != Swept(0, 0, 0):
        log.info("uploads_swept", expired=swept.expired, emptied=swept.emptied, failed=swept.failed)
    return swept


async def _expire(backend: Backend, upload: Any) -> None:
    async with backend.transaction(shard_of(upload["id"])) as transaction:
        await transaction.session.execute(
            update(Upload)
            .where(Upload.id == upload["id"], Upload.status == MediaStatus.UPLOADING.value)
            .values(status=MediaStatus.CANCELLED.value, failure_reason=NEVER_SENT, version=Upload.version + 1)
        )
    await tell_change(backend, upload["id"])


async def _empty(backend: Backend, uploads: Sequence[Any]) -> None:
    await remove_parts(backend, uploads)
    await backend.storage.delete([key for upload in uploads for key in object_keys(upload)])
    for shard in {shard_of(upload["id"]) for upload in uploads}:
        numbers = [upload["id"] for upload in uploads if shard_of(upload["id"]) == shard]
        async with backend.transaction(shard) as transaction:
            emptied = {"objects_removed_at": func.clock_now(), "result": None} | dict.fromkeys(SAID_BY_FILE)
            await transaction.session.execute(update(Upload).where(Upload.id.in_(numbers)).values(emptied))
