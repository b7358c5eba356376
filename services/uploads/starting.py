"""Announcing uploads."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from sqlalchemy import func, insert

from core.crash import crash_point
from core.errors import UserErrorCode, UserFault
from core.settings import Settings
from media.containers import FILMS, PICTURES, SUPPORTED, canonical
from media.keys import new_token, original_key
from models.ids import shard_of
from models.shards import Transaction
from models.tables import MediaStatus, Upload, UploadPurpose
from services.backend import Backend
from services.idempotency import checked_key, claim_key
from services.text import checked_text
from services.uploads.quotas import Announced, refuse_beyond_quotas

MOST_AT_ONCE = 20
LONGEST_NAME = 255
OPERATION = "startUpload"
MOVING = frozenset({"image/gif", "image/png", "image/webp"})
"""Pictures that may move: such a one is made into a film."""
NOT_TAKEN = (
    "Files of this kind are not taken: JPEG, PNG, WebP, GIF, AVIF and HEIC pictures are, and MP4, QuickTime and WebM"
    " videos."
)


@dataclass(frozen=True, slots=True)
class NewUpload:
    """A file that somebody wants to send: `byte_size` is exact, `content_type` one of SUPPORTED or another name
    of it."""

    purpose: UploadPurpose
    content_type: str
    byte_size: int
    file_name: str | None = None
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a file is to be sent: in parts, where the storage has a name for them."""

    object_key: str
    multipart_id: str | None = None
    part_size: int | None = None


async def start_upload(backend: Backend, owner_id: int, wanted: NewUpload) -> int:
    """The upload's id. Raises UserFault, StorageUnavailable for what is sent in parts, and ShardUnavailable."""
    [upload_id] = await _start(backend, owner_id, [_checked(wanted, backend.settings, ())])
    return upload_id


async def start_uploads(backend: Backend, owner_id: int, wanted: Sequence[NewUpload]) -> list[int]:
    """The uploads' ids, in the order asked for: all of them or none. Raises as `start_upload`, with the place of the
    faulty one in its `field`."""
    if not wanted:
        raise UserFault(UserErrorCode.TOO_SHORT, "Announce one file at least.", ("inputs",))
    if len(wanted) > MOST_AT_ONCE:
        raise UserFault(UserErrorCode.TOO_LONG, f"Announce {MOST_AT_ONCE} files at most.", ("inputs",))
    checked = [_checked(one, backend.settings, ("inputs", str(place))) for place, one in enumerate(wanted)]
    return await _start(backend, owner_id, checked, "inputs")


def _checked(wanted: NewUpload, settings: Settings, path: tuple[str, ...]) -> NewUpload:
    _check_type(wanted, (*path, "contentType"))
    _check_size(wanted, settings, (*path, "byteSize"))
    checked_key(wanted.idempotency_key, *path, "idempotencyKey")
    if wanted.file_name is None:
        return wanted
    return replace(wanted, file_name=checked_text(wanted.file_name, *path, "fileName", limit=LONGEST_NAME))


def _check_type(wanted: NewUpload, field: tuple[str, ...]) -> None:
    known = canonical(wanted.content_type)
    if known not in SUPPORTED:
        raise UserFault(UserErrorCode.UNSUPPORTED_MEDIA, NOT_TAKEN, field)
    if wanted.purpose is UploadPurpose.AVATAR and known not in PICTURES:
        raise UserFault(UserErrorCode.UNSUPPORTED_MEDIA, "A profile takes a picture, not a video.", field)
    if wanted.purpose is UploadPurpose.REEL and known not in FILMS and known not in MOVING:
        raise UserFault(
            UserErrorCode.UNSUPPORTED_MEDIA, "A reel takes a video, or a GIF, PNG or WebP picture that moves.", field
        )


def _check_size(wanted: NewUpload, settings: Settings, field: tuple[str, ...]) -> None:
    if wanted.byte_size < 1:
        raise UserFault(UserErrorCode.INVALID, "An empty file cannot be sent.", field)
    is_film = canonical(wanted.content_type) in FILMS
    most = settings.video_max_bytes if is_film else settings.upload_max_bytes
    if wanted.byte_size > most:
        what = "video" if is_film else "picture"
        raise UserFault(
            UserErrorCode.MEDIA_TOO_LARGE, f"The largest {what} that is taken has {most / 2**20:.4g} MB.", field
        )


async def _start(backend: Backend, owner_id: int, wanted: Sequence[NewUpload], *field: str) -> list[int]:
    """What is to be sent in parts is begun in the storage first, so that a row names what is there. What no row came to
    name is aborted; where that is not known, since the process or its database died, by the sweep of orphans."""
    places = await asyncio.gather(*(_place(backend, one) for one in wanted))
    crash_point("start_upload.after_begin")
    try:
        async with backend.transaction(shard_of(owner_id)) as transaction:
            started = [
                await _insert(transaction, owner_id, one, place, backend.settings)
                for one, place in zip(wanted, places, strict=True)
            ]
            kinds = Counter(
                canonical(one.content_type) in FILMS for one, (_, is_new) in zip(wanted, started, strict=True) if is_new
            )
            announced = Announced(pictures=kinds[False], films=kinds[True])
            await refuse_beyond_quotas(transaction, owner_id, backend.settings, announced, *field)
    except UserFault:
        await _abort(backend, places)
        raise
    await _abort(backend, [place for place, (_, is_new) in zip(places, started, strict=True) if not is_new])
    return [upload_id for upload_id, _ in started]


async def _place(backend: Backend, wanted: NewUpload) -> _Place:
    key = original_key(new_token())
    part_size = backend.settings.upload_part_bytes
    if canonical(wanted.content_type) not in FILMS or wanted.byte_size <= part_size:
        return _Place(key)
    return _Place(key, await backend.storage.multiparts.begin(key, wanted.content_type), part_size)


async def _abort(backend: Backend, places: Sequence[_Place]) -> None:
    await asyncio.gather(
        *(
            backend.storage.multiparts.abort(place.object_key, place.multipart_id)
            for place in places
            if place.multipart_id is not None
        )
    )


async def _insert(
    transaction: Transaction, owner_id: int, wanted: NewUpload, place: _Place, settings: Settings
) -> tuple[int, bool]:
    """The upload's id, and whether there was none by this key before."""
    upload_id = await transaction.mint_id()
    if wanted.idempotency_key is not None:
        made = await claim_key(transaction, owner_id, OPERATION, wanted.idempotency_key, upload_id)
        if made != upload_id:
            return made, False
    await transaction.session.execute(
        insert(Upload).values(
            id=upload_id,
            owner_id=owner_id,
            purpose=wanted.purpose.value,
            content_type=wanted.content_type,
            byte_size=wanted.byte_size,
            file_name=wanted.file_name,
            object_key=place.object_key,
            multipart_id=place.multipart_id,
            part_size=place.part_size,
            status=MediaStatus.UPLOADING.value,
            expires_at=func.clock_now() + timedelta(seconds=settings.upload_seconds),
        )
    )
    return upload_id, True
