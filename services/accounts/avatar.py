"""The picture of a profile: an upload of its own purpose, attached to the user."""

from typing import Any

from sqlalchemy import select, update

from core.errors import UserErrorCode, UserFault, not_found
from models.shards import Transaction
from models.tables import MediaStatus, Upload, UploadPurpose
from services.consequences import EventKind
from services.outbox import emit
from services.uploads.rows import is_film, renditions
from services.withdrawals import withdraw

FIELD = "avatarUploadId"


async def change_avatar(
    transaction: Transaction, user_id: int, current: dict[str, Any] | None, upload_id: int | None
) -> dict[str, Any] | None:
    """What `users.avatar` is to hold; the upload behind the current one is cancelled and its pictures withdrawn.

    Raises UserFault: NOT_FOUND, INVALID, MEDIA_NOT_READY, ALREADY_DONE, UNSUPPORTED_MEDIA.
    """
    current_id = current["id"] if current else None
    if upload_id is not None and upload_id == current_id:
        return current
    chosen = None if upload_id is None else await _attach(transaction, user_id, upload_id)
    if current_id is not None:
        await _discard(transaction, user_id, current_id)
    return chosen


async def _attach(transaction: Transaction, user_id: int, upload_id: int) -> dict[str, Any]:
    # An upload of another shard is not this user's: it is not found here.
    asked = select(Upload).where(Upload.id == upload_id, Upload.owner_id == user_id).with_for_update()
    upload = (await transaction.session.scalars(asked)).one_or_none()
    if upload is None:
        raise not_found("upload", FIELD)
    if upload.purpose != UploadPurpose.AVATAR:
        raise UserFault(UserErrorCode.INVALID, "This upload was not started for a profile picture.", (FIELD,))
    if upload.attached_to is not None:
        raise UserFault(UserErrorCode.ALREADY_DONE, "This picture was used before.", (FIELD,))
    if upload.status != MediaStatus.READY or upload.result is None:
        raise UserFault(UserErrorCode.MEDIA_NOT_READY, "This picture is not ready, or failed.", (FIELD,))
    if is_film(upload.result):
        raise UserFault(UserErrorCode.UNSUPPORTED_MEDIA, "A profile takes a picture: this is a video.", (FIELD,))
    await transaction.session.execute(update(Upload).where(Upload.id == upload_id).values(attached_to=user_id))
    return {**upload.result, "id": upload_id, "alt_text": upload.alt_text}


async def _discard(transaction: Transaction, user_id: int, upload_id: int) -> None:
    discarded = await transaction.session.execute(
        update(Upload)
        .where(Upload.id == upload_id, Upload.attached_to == user_id)
        .values(status=MediaStatus.CANCELLED.value, attached_to=None, version=Upload.version + 1)
        .returning(Upload.object_key, Upload.result)
    )
    upload = discarded.mappings().one_or_none()
    if upload is not None:
        await withdraw(transaction, user_id, renditions(upload))
        await emit(transaction, EventKind.UPLOAD_CANCELLED, {"upload_id": upload_id, "owner_id": user_id})
