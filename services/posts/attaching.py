"""What a post shows: uploads that are attached to it, and let go with it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from core.errors import UserErrorCode, UserFault, not_found
from models.shards import Transaction
from models.tables import MediaStatus, PostKind, Upload, UploadPurpose
from services.consequences import EventKind
from services.outbox import emit
from services.posts.checks import NewTag
from services.uploads.rows import is_film, renditions
from services.withdrawals import withdraw

POSTED = {UploadPurpose.POST, UploadPurpose.REEL}


@dataclass(frozen=True, slots=True)
class NewMedia:
    """`alt_text` None leaves the upload's own."""

    upload_id: int
    alt_text: str | None = None
    tags: Sequence[NewTag] = ()


async def attach(
    transaction: Transaction, owner_id: int, post_id: int, media: Sequence[NewMedia]
) -> tuple[list[dict[str, Any]], PostKind]:
    """What `posts.media` is to hold, and the kind of post that it makes.

    Raises UserFault: NOT_FOUND, INVALID, ALREADY_DONE, MEDIA_NOT_READY, UNSUPPORTED_MEDIA.
    """
    ids = [one.upload_id for one in media]
    # Uploads of other shards are not the owner's: they are not found here. In one order, so that none waits in a ring.
    asked = select(Upload).where(Upload.id.in_(ids), Upload.owner_id == owner_id).order_by(Upload.id).with_for_update()
    uploads = {upload.id: upload for upload in await transaction.session.scalars(asked)}
    inline = [_inline(uploads.get(one.upload_id), one, place) for place, one in enumerate(media)]
    await transaction.session.execute(update(Upload).where(Upload.id.in_(ids)).values(attached_to=post_id))
    return inline, _kind_of(inline, [uploads[number].purpose for number in ids])


def _kind_of(inline: Sequence[dict[str, Any]], purposes: Sequence[str]) -> PostKind:
    """A reel is one film that was uploaded to be a reel. Raises UserFault where an upload for a reel is something
    else."""
    if UploadPurpose.REEL in purposes:
        path = ("media", str(purposes.index(UploadPurpose.REEL)), "uploadId")
        if len(inline) > 1:
            raise UserFault(UserErrorCode.INVALID, "This was uploaded as a reel, which stands alone.", path)
        if not is_film(inline[0]):
            raise UserFault(UserErrorCode.UNSUPPORTED_MEDIA, "A reel takes a video: this is a picture.", path)
        return PostKind.REEL
    if len(inline) > 1:
        return PostKind.CAROUSEL
    return PostKind.VIDEO if is_film(inline[0]) else PostKind.PHOTO


def _inline(upload: Upload | None, wanted: NewMedia, place: int) -> dict[str, Any]:
    path = ("media", str(place), "uploadId")
    if upload is None:
        raise not_found("upload", *path)
    if upload.purpose not in POSTED:
        raise UserFault(UserErrorCode.INVALID, "This upload was not started for a post.", path)
    if upload.attached_to is not None:
        raise UserFault(UserErrorCode.ALREADY_DONE, "This upload is used already.", path)
    if upload.status != MediaStatus.READY or upload.result is None:
        raise UserFault(UserErrorCode.MEDIA_NOT_READY, "This upload is not ready, or failed.", path)
    alt_text = upload.alt_text if wanted.alt_text is None else wanted.alt_text
    return {**upload.result, "id": upload.id, "alt_text": alt_text or None, "tags": stored_tags(wanted.tags)}


def stored_tags(tags: Iterable[NewTag]) -> list[dict[str, Any]]:
    return [{"user_id": tag.user_id, "x": tag.x, "y": tag.y} for tag in tags]


async def release(transaction: Transaction, owner_id: int, post_id: int, upload_ids: Iterable[int]) -> None:
    """Withdraws the media of a post and has their objects removed."""
    shown = (Upload.id.in_(list(upload_ids)), Upload.attached_to == post_id)
    # In the order in which `attach` takes them.
    await transaction.session.execute(select(Upload.id).where(*shown).order_by(Upload.id).with_for_update())
    released = await transaction.session.execute(
        update(Upload)
        .where(*shown)
        .values(status=MediaStatus.CANCELLED.value, attached_to=None, version=Upload.version + 1)
        .returning(Upload.id, Upload.object_key, Upload.result)
    )
    withdrawn: list[str] = []
    for upload in released.mappings():
        withdrawn += renditions(upload)
        await emit(transaction, EventKind.UPLOAD_CANCELLED, {"upload_id": upload["id"], "owner_id": owner_id})
    await withdraw(transaction, owner_id, withdrawn)
