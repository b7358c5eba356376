"""The file was sent: look at it, and have it processed."""

from typing import Any

from sqlalchemy import func, update

from core import clock
from core.errors import UserErrorCode, UserFault, not_found
from media.containers import FILMS, canonical
from media.errors import ObjectMissing
from media.recipe import PLAIN, Recipe
from models.ids import shard_of
from models.reads.uploads import UPLOADS_BY_ID
from models.tables import MediaStatus, Upload
from services.backend import Backend
from services.consequences import EventKind
from services.outbox import emit
from services.text import checked_text
from services.uploads.jobs import about
from services.uploads.parts import WRONG_FILE, complete_parts
from services.uploads.recipes import checked_recipe, dumped, refuse_for_films
from services.uploads.watching import tell_change

LONGEST_ALT_TEXT = 1000
FIELD = "uploadId"


async def own_upload(backend: Backend, owner_id: int, upload_id: int | None) -> Any:
    """The owner's row of `uploads`. Raises UserFault (NOT_FOUND) for any other, and ShardUnavailable."""
    if upload_id is not None and shard_of(upload_id) == shard_of(owner_id):
        rows = await backend.reader().on_shard_of(upload_id, UPLOADS_BY_ID, [upload_id], owner_id)
        if rows:
            return rows[0]
    raise not_found("upload", FIELD)


async def finish_upload(
    backend: Backend, owner_id: int, upload_id: int | None, alt_text: str | None, recipe: Recipe = PLAIN
) -> int:
    """Has the file processed if it is there; the second time changes nothing. The upload's id.

    What was announced as a video takes no recipe but `keep_location`; a picture that turns out to move heeds no more.

    Raises UserFault, StorageUnavailable and ShardUnavailable.
    """
    if alt_text is not None:
        alt_text = checked_text(alt_text, "altText", limit=LONGEST_ALT_TEXT, multiline=True) or None
    recipe = checked_recipe(recipe)
    upload = await own_upload(backend, owner_id, upload_id)
    if is_announced_film(upload):
        refuse_for_films(recipe)
    if upload["finished_at"] is None:
        _check_open(upload)
        if upload["multipart_id"] is not None:
            await complete_parts(backend, upload, FIELD)
        await _check_object(backend, upload)
        if await _begin_processing(backend, upload, alt_text, recipe):
            await tell_change(backend, upload["id"])
        else:
            # Something was faster: it was finished a moment ago, or may not be finished any more.
            upload = await own_upload(backend, owner_id, upload_id)
            if upload["finished_at"] is None:
                _check_open(upload)
    return int(upload["id"])


def _check_open(upload: Any) -> None:
    if upload["expires_at"] <= clock.now():
        raise UserFault(UserErrorCode.EXPIRED, "The time to send this file is over: start a new upload.", (FIELD,))
    if upload["status"] == MediaStatus.CANCELLED:
        raise UserFault(UserErrorCode.NOT_ALLOWED, "This upload was cancelled.", (FIELD,))


async def _check_object(backend: Backend, upload: Any) -> None:
    try:
        found = await backend.storage.head(upload["object_key"])
    except ObjectMissing:
        raise UserFault(
            UserErrorCode.MEDIA_NOT_READY, "The file has not arrived: send it first, then finish the upload.", (FIELD,)
        ) from None
    # The form allows nothing else; who else can write to the bucket is not trusted with it.
    if found.size != upload["byte_size"] or found.content_type != upload["content_type"]:
        raise UserFault(UserErrorCode.INVALID, WRONG_FILE, (FIELD,))


async def _begin_processing(backend: Backend, upload: Any, alt_text: str | None, recipe: Recipe) -> bool:
    async with backend.transaction(shard_of(upload["id"])) as transaction:
        changed = await transaction.session.execute(
            update(Upload)
            .where(
                Upload.id == upload["id"],
                Upload.status == MediaStatus.UPLOADING.value,
                Upload.expires_at > func.clock_now(),
            )
            .values(
                status=MediaStatus.PROCESSING.value,
                alt_text=alt_text,
                recipe=dumped(recipe),
                finished_at=func.clock_now(),
                version=Upload.version + 1,
            )
            .returning(Upload.id)
        )
        if changed.scalar_one_or_none() is None:
            return False
        await emit(transaction, finished(upload), about(upload))
    return True


def finished(upload: Any) -> EventKind:
    """What has happened when the file of an upload has been sent: a film, as it was announced, is no picture's work."""
    return EventKind.FILM_FINISHED if is_announced_film(upload) else EventKind.UPLOAD_FINISHED


def is_announced_film(upload: Any) -> bool:
    return canonical(upload["content_type"]) in FILMS
