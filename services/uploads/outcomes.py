"""How processing ends: READY or FAILED, once, with an event for whoever is to hear of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import update

from models.ids import shard_of
from models.tables import MediaStatus, Upload
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit
from services.uploads.watching import tell_change


@dataclass(frozen=True, slots=True)
class Outcome:
    """`inline` is what `services.visible.image_row` reads; `source` what the file said, as its owner may have it."""

    inline: dict[str, Any]
    source: dict[str, Any]
    captured_at: datetime | None
    camera: str | None


async def make_ready(backend: Backend, upload: Any, outcome: Outcome) -> bool:
    """Whether it was PROCESSING until now. Raises ShardUnavailable."""
    return await _settle(
        backend,
        upload,
        status=MediaStatus.READY.value,
        progress=1.0,
        result=outcome.inline,
        source=outcome.source,
        captured_at=outcome.captured_at,
        camera=outcome.camera,
    )


async def make_failed(backend: Backend, upload: Any, reason: str) -> bool:
    """`reason` is a sentence for its owner. Whether it was PROCESSING until now. Raises ShardUnavailable."""
    return await _settle(backend, upload, status=MediaStatus.FAILED.value, failure_reason=reason)


async def _settle(backend: Backend, upload: Any, **values: Any) -> bool:
    upload_id, owner_id = upload["id"], upload["owner_id"]
    async with backend.transaction(shard_of(upload_id)) as transaction:
        changed = await transaction.session.execute(
            update(Upload)
            .where(Upload.id == upload_id, Upload.status == MediaStatus.PROCESSING.value)
            .values(version=Upload.version + 1, **values)
            .returning(Upload.id)
        )
        is_settled = changed.scalar_one_or_none() is not None
        if is_settled:
            await emit(transaction, EventKind.UPLOAD_PROCESSED, {"upload_id": upload_id, "owner_id": owner_id})
    # Also where another try was faster: it may have died before it said so.
    await tell_change(backend, upload_id)
    return is_settled
