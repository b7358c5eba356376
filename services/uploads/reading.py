"""Uploads for their owner, and what came of them for whoever may see them."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from core import clock
from media.signing import CachePolicy, Grant
from media.storage import ObjectStorage
from models.ids import MAX_ID
from models.reads.reader import Reader
from models.reads.uploads import MEDIA_BY_ID, UPLOADS_BY_ID, UPLOADS_OF_OWNER
from models.tables import MediaStatus
from services.pages import Page, checked_first, decode_cursor, encode_cursor, page_of
from services.uploads.rows import InParts, NamedValue, UploadForm, UploadRow
from services.visibility import visible_posts, visible_users
from services.visible import MediaLinks, MediaRow, media_row

SHORTEST_FORM = timedelta(seconds=1)


async def own_uploads(
    reader: Reader, links: MediaLinks, storage: ObjectStorage, owner_id: int, upload_ids: Iterable[int]
) -> dict[int, UploadRow]:
    """Those of the uploads that are the owner's, by id. Uploads of others are as if they were not there."""
    wanted = set(upload_ids)
    if not wanted:
        return {}
    rows = await reader.by_ids(UPLOADS_BY_ID, wanted, owner_id)
    return {upload.id: upload for upload in await _shown(rows, links, storage)}


async def page_of_uploads(
    reader: Reader, links: MediaLinks, storage: ObjectStorage, owner_id: int, *, first: int, after: str | None
) -> Page[UploadRow]:
    """The owner's uploads, newest first. Raises RequestFault, and ShardUnavailable."""
    checked_first(first)
    before = decode_cursor(after, 1)[0] if after is not None else MAX_ID
    rows = await reader.on_shard_of(owner_id, UPLOADS_OF_OWNER, owner_id, before, first + 1)
    uploads = await _shown(rows[:first], links, storage)
    return page_of(uploads, first, lambda upload: encode_cursor(upload.id), after=after, has_more=len(rows) > first)


async def visible_media(
    reader: Reader, links: MediaLinks, viewer_id: int, media_ids: Iterable[int]
) -> dict[int, MediaRow]:
    """Those of the images and films that the viewer may see, by id: through what shows them, or as their owner."""
    wanted = set(media_ids)
    if not wanted:
        return {}
    rows = await reader.by_ids(MEDIA_BY_ID, wanted)
    avatars = {row["owner_id"] for row in rows if row["attached_to"] == row["owner_id"]}
    attached = {row["attached_to"] for row in rows if row["attached_to"]} - avatars
    posts, users = await asyncio.gather(
        visible_posts(reader, links, viewer_id, attached), visible_users(reader, links, viewer_id, avatars)
    )
    shown: dict[int, MediaRow] = {one.id: one for post in posts.values() for one in post.media}
    shown |= {user.avatar.id: user.avatar for user in users.values() if user.avatar}
    owned = [row for row in rows if row["owner_id"] == viewer_id and row["id"] not in shown]
    shown |= {row["id"]: _own_media(row, links) for row in owned}
    return {number: shown[number] for number in wanted if number in shown}


async def _shown(rows: Sequence[Any], links: MediaLinks, storage: ObjectStorage) -> list[UploadRow]:
    uploads = [_upload(row, links) for row in rows]
    still_to_send = [
        (row, upload)
        for row, upload in zip(rows, uploads, strict=True)
        if upload.status is MediaStatus.UPLOADING and upload.expires_at - clock.now() >= SHORTEST_FORM
    ]
    for row, upload in still_to_send:
        if row["multipart_id"] is not None:
            upload.in_parts = InParts(
                row["object_key"], row["multipart_id"], row["byte_size"], row["part_size"], row["expires_at"]
            )
    still_to_send = [(row, upload) for row, upload in still_to_send if upload.in_parts is None]
    if still_to_send:
        # Signing is some computation for each: beside the loop, so that a page of them holds up nobody.
        await asyncio.to_thread(_give_forms, still_to_send, storage)
    return uploads


def _give_forms(still_to_send: Sequence[tuple[Any, UploadRow]], storage: ObjectStorage) -> None:
    for row, upload in still_to_send:
        seconds = int((upload.expires_at - clock.now()).total_seconds())
        if seconds > 0:
            form = storage.presign_post(row["object_key"], row["content_type"], row["byte_size"], seconds=seconds)
            fields = [NamedValue(name, value) for name, value in form.fields.items()]
            upload.form = UploadForm(form.url, fields)


def _own_media(row: Any, links: MediaLinks) -> MediaRow:
    """Private: it may be shown by nothing yet, or by a post that few may see. Of the newest epoch, which nothing has
    withdrawn but what ends the thing itself."""
    return media_row(row["result"], Grant(row["owner_id"], row["owner_epoch"], CachePolicy.PRIVATE), links)


def _upload(row: Any, links: MediaLinks) -> UploadRow:
    status = MediaStatus(row["status"])
    is_ready = status is MediaStatus.READY
    return UploadRow(
        id=row["id"],
        status=status,
        progress=row["progress"],
        expires_at=row["expires_at"],
        result=_own_media(row, links) if is_ready else None,
        captured_at=row["captured_at"],
        camera=row["camera"],
        failure_reason=row["failure_reason"],
    )
