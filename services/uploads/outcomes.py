"""How processing ends: READY, HELD, REJECTED or FAILED, once, with an event for whoever is to hear of it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, update

from models.ids import shard_of
from models.tables import MediaStatus, Upload
from services.backend import Backend
from services.consequences import EventKind
from services.moderation.judging import Verdict
from services.outbox import emit
from services.uploads.watching import tell_change


@dataclass(frozen=True, slots=True)
class Outcome:
    """`inline` is what `services.visible.image_row` reads; `source` what the file said, as its owner may have it;
    `sha256` is that of the file which was judged."""

    inline: dict[str, Any]
    source: dict[str, Any]
    captured_at: datetime | None
    camera: str | None
    verdict: Verdict
    sha256: bytes


async def make_ready(backend: Backend, upload: Any, outcome: Outcome) -> bool:
    """READY, or HELD, as it was judged: then nobody is to see it before a moderator has, its owner neither. Whether it
    was PROCESSING until now. Raises ShardUnavailable."""
    return await _settle(
        backend,
        upload,
        status=(MediaStatus.HELD if outcome.verdict.is_held else MediaStatus.READY).value,
        progress=1.0,
        result=outcome.inline,
        source=outcome.source,
        captured_at=outcome.captured_at,
        camera=outcome.camera,
        nudity=outcome.verdict.nudity,
        sha256=outcome.sha256,
    )


async def make_rejected(backend: Backend, upload: Any, reason: str, nudity: float | None) -> bool:
    """`reason` is a sentence for its owner. Whether it was PROCESSING until now. Raises ShardUnavailable."""
    return await _settle(
        backend,
        upload,
        status=MediaStatus.REJECTED.value,
        failure_reason=reason,
        nudity=nudity,
        rejected_at=func.clock_now(),
    )


async def make_failed(backend: Backend, upload: Any, reason: str) -> bool:
    """`reason` is a sentence for its owner. Whether it was PROCESSING until now. Raises ShardUnavailable."""
    return await _settle(backend, upload, status=MediaStatus.FAILED.value, failure_reason=reason)


async def make_approved(backend: Backend, upload: Any) -> bool:
    """A moderator lets it be shown. Whether it was HELD until now. Raises ShardUnavailable."""
    return await _settle(backend, upload, before=MediaStatus.HELD, status=MediaStatus.READY.value)


async def _settle(
    backend: Backend, upload: Any, *, before: MediaStatus = MediaStatus.PROCESSING, status: str, **values: Any
) -> bool:
    upload_id, owner_id = upload["id"], upload["owner_id"]
    async with backend.transaction(shard_of(upload_id)) as transaction:
        changed = await transaction.session.execute(
            update(Upload)
            .where(Upload.id == upload_id, Upload.status == before.value)
            .values(status=status, version=Upload.version + 1, **values)
            .returning(Upload.id)
        )
        is_settled = changed.scalar_one_or_none() is not None
        if is_settled:
            about = {"upload_id": upload_id, "owner_id": owner_id, "status": status}
            await emit(transaction, EventKind.UPLOAD_PROCESSED, about)
    # Also where another try was faster: it may have died before it said so.
    await tell_change(backend, upload_id)
    return is_settled
