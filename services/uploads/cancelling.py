"""Taking an upload back, while nothing shows it."""

from sqlalchemy import update

from core.errors import UserErrorCode, UserFault
from models.ids import shard_of
from models.tables import MediaStatus, Upload
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit
from services.uploads.finishing import FIELD, own_upload
from services.uploads.rows import renditions
from services.uploads.watching import tell_change
from services.withdrawals import withdraw

CANCELLABLE = [
    MediaStatus.UPLOADING.value,
    MediaStatus.PROCESSING.value,
    MediaStatus.HELD.value,
    MediaStatus.READY.value,
]


async def cancel_upload(backend: Backend, owner_id: int, upload_id: int | None) -> int:
    """Cancels it; the second time, and where it failed, changes nothing. The upload's id.

    Raises UserFault: NOT_FOUND, and NOT_ALLOWED where something shows it; and ShardUnavailable.
    """
    upload = await own_upload(backend, owner_id, upload_id)
    number = int(upload["id"])
    if await _cancel(backend, owner_id, number):
        await tell_change(backend, number)
    elif (await own_upload(backend, owner_id, upload_id))["attached_to"] is not None:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "This is in use: delete what shows it.", (FIELD,))
    return number


async def _cancel(backend: Backend, owner_id: int, upload_id: int) -> bool:
    """Whether it was to be cancelled."""
    async with backend.transaction(shard_of(upload_id)) as transaction:
        changed = await transaction.session.execute(
            update(Upload)
            .where(Upload.id == upload_id, Upload.status.in_(CANCELLABLE), Upload.attached_to.is_(None))
            .values(status=MediaStatus.CANCELLED.value, version=Upload.version + 1)
            .returning(Upload.object_key, Upload.result)
        )
        upload = changed.mappings().one_or_none()
        if upload is None:
            return False
        await withdraw(transaction, owner_id, renditions(upload))
        await emit(transaction, EventKind.UPLOAD_CANCELLED, {"upload_id": upload_id, "owner_id": owner_id})
    return True
