"""Announcing uploads."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, insert

from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from media.containers import PICTURES, canonical
from media.keys import new_token, original_key
from models.ids import shard_of
from models.shards import Transaction
from models.tables import MediaStatus, Upload, UploadPurpose
from services.backend import Backend
from services.idempotency import checked_key, claim_key
from services.text import checked_text

MOST_AT_ONCE = 20
LONGEST_NAME = 255
OPERATION = "startUpload"
UNDECODED = ("image/avif", "image/heic", "image/heif")
"""Pictures that are known by their bytes, and that no worker decodes yet."""
TAKEN = frozenset(PICTURES).difference(UNDECODED)


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that somebody wants to send: `byte_size` is exact, `content_type` one of TAKEN."""

    purpose: UploadPurpose
    content_type: str
    byte_size: int
    file_name: str | None = None
    idempotency_key: str | None = None


async def start_upload(backend: Backend, owner_id: int, wanted: NewUpload) -> int:
    """The upload's id. Raises UserFault."""
    [upload_id] = await _start(backend, owner_id, [_checked(wanted, backend.settings, ())])
    return upload_id


async def start_uploads(backend: Backend, owner_id: int, wanted: Sequence[NewUpload]) -> list[int]:
    """The uploads' ids, in the order asked for: all of them or none. Raises UserFault, with the place of the faulty
    one in its `field`."""
    if not wanted:
        raise UserFault(UserErrorCode.TOO_SHORT, "Announce one file at least.", ("inputs",))
    if len(wanted) > MOST_AT_ONCE:
        raise UserFault(UserErrorCode.TOO_LONG, f"Announce {MOST_AT_ONCE} files at most.", ("inputs",))
    checked = [_checked(one, backend.settings, ("inputs", str(place))) for place, one in enumerate(wanted)]
    return await _start(backend, owner_id, checked)


def _checked(wanted: NewUpload, settings: Settings, path: tuple[str, ...]) -> NewUpload:
    if canonical(wanted.content_type) not in TAKEN:
        raise UserFault(
            UserErrorCode.UNSUPPORTED_MEDIA,
            "Files of this kind are not taken: JPEG, PNG, WebP and GIF pictures are.",
            (*path, "contentType"),
        )
    if wanted.byte_size < 1:
        raise UserFault(UserErrorCode.INVALID, "An empty file cannot be sent.", (*path, "byteSize"))
    if wanted.byte_size > settings.upload_max_bytes:
        most = settings.upload_max_bytes / 2**20
        raise UserFault(
            UserErrorCode.MEDIA_TOO_LARGE, f"The largest file that is taken has {most:.4g} MB.", (*path, "byteSize")
        )
    checked_key(wanted.idempotency_key, *path, "idempotencyKey")
    if wanted.file_name is None:
        return wanted
    return replace(wanted, file_name=checked_text(wanted.file_name, *path, "fileName", limit=LONGEST_NAME))


async def _start(backend: Backend, owner_id: int, wanted: Sequence[NewUpload]) -> list[int]:
    async with backend.transaction(shard_of(owner_id)) as transaction:
        return [await _insert(transaction, owner_id, one, backend.settings) for one in wanted]


async def _insert(transaction: Transaction, owner_id: int, wanted: NewUpload, settings: Settings) -> int:
    upload_id = await transaction.mint_id()
    if wanted.idempotency_key is not None:
        made = await claim_key(transaction, owner_id, OPERATION, wanted.idempotency_key, upload_id)
        if made != upload_id:
            return made
    await transaction.session.execute(
        insert(Upload).values(
            id=upload_id,
            owner_id=owner_id,
            purpose=wanted.purpose.value,
            content_type=wanted.content_type,
            byte_size=wanted.byte_size,
            file_name=wanted.file_name,
            object_key=original_key(new_token()),
            status=MediaStatus.UPLOADING.value,
            expires_at=func.clock_now() + timedelta(seconds=settings.upload_seconds),
        )
    )
    return upload_id
