"""People who upload, what is stored of it, and the jobs about it, run as a worker would."""

from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import func, insert

from media.errors import ObjectMissing
from media.keys import new_token, original_key
from models.ids import shard_of
from models.tables import MediaStatus, Upload, UploadPurpose
from services import tries
from services.backend import Backend
from services.consequences import EventKind
from services.deliveries import Claimed
from services.outbox import Job, JobFunction, emit
from services.uploads.finishing import finish_upload
from services.uploads.reading import own_uploads
from services.uploads.rows import UploadRow
from services.uploads.starting import NewUpload, start_upload
from services.visible import MediaLinks


@dataclass(slots=True)
class Uploader:
    """Somebody who uploads."""

    backend: Backend
    id: int

    async def start(self, data: bytes, content_type: str = "image/jpeg", purpose: str = "POST") -> UploadRow:
        wanted = NewUpload(UploadPurpose(purpose), content_type, len(data), "photo")
        return await self.see(await start_upload(self.backend, self.id, wanted))

    async def send(self, data: bytes, content_type: str = "image/jpeg", purpose: str = "POST") -> UploadRow:
        """Started, and sent to the storage."""
        upload = await self.start(data, content_type, purpose)
        assert (await post_form(upload, data)).status_code == httpx.codes.NO_CONTENT
        return upload

    async def finish(
        self, data: bytes, content_type: str = "image/jpeg", alt_text: str | None = None, *, purpose: str = "POST"
    ) -> UploadRow:
        """Started, sent and finished: the job is to be done."""
        upload = await self.send(data, content_type, purpose)
        return await self.see(await finish_upload(self.backend, self.id, upload.id, alt_text))

    async def film(
        self, data: bytes, content_type: str = "video/mp4", *, purpose: str = "POST", alt_text: str | None = None
    ) -> int:
        """A film that is there, as `finishUpload` leaves it: the job is to be done. The upload's id."""
        key = original_key(new_token())
        await self.backend.storage.put(key, data, content_type)
        async with self.backend.transaction(shard_of(self.id)) as transaction:
            upload_id = await transaction.mint_id()
            row = {
                "id": upload_id,
                "owner_id": self.id,
                "purpose": purpose,
                "content_type": content_type,
                "byte_size": len(data),
                "object_key": key,
                "status": MediaStatus.PROCESSING.value,
                "alt_text": alt_text,
                "expires_at": func.clock_now(),
                "finished_at": func.clock_now(),
            }
            await transaction.session.execute(insert(Upload).values(row))
            happened = EventKind.FILM_FINISHED
            await emit(transaction, happened, {"upload_id": upload_id, "owner_id": self.id})
        return upload_id

    async def see(self, upload_id: int) -> UploadRow:
        return (await self.see_all([upload_id]))[upload_id]

    async def see_all(self, upload_ids: list[int]) -> dict[int, UploadRow]:
        links = MediaLinks(self.backend.signer)
        return await own_uploads(self.backend.reader(), links, self.backend.storage, self.id, upload_ids)


async def post_form(upload: UploadRow, data: bytes, **changed: str) -> httpx.Response:
    """The presigned request as a client sends it; `changed` are form fields, with _ for -."""
    assert upload.form is not None
    fields = {field.name: field.value for field in upload.form.fields}
    fields |= {name.replace("_", "-"): value for name, value in changed.items()}
    async with httpx.AsyncClient() as client:
        return await client.post(upload.form.url, data=fields, files={"file": ("photo", data)})


async def row_of(backend: Backend, upload_id: int) -> Any:
    [row] = await backend.reader().on_shard_of(upload_id, "SELECT * FROM uploads WHERE id = $1", upload_id)
    return row


async def change_row(backend: Backend, upload_id: int, assignment: str) -> None:
    """As time, or another part of the server, would."""
    pool = backend.shards.pool(backend.shards.node_of((upload_id >> 10) & 8191))
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SELECT set_config('heliograph.shard', $1, true)", str((upload_id >> 10) & 8191))
        await connection.execute(f"UPDATE uploads SET {assignment} WHERE id = $1", upload_id)


async def events_of(backend: Backend, upload_id: int) -> list[str]:
    rows = await backend.reader().on_shard_of(
        upload_id, "SELECT kind FROM events WHERE (payload->>'upload_id')::bigint = $1 ORDER BY id", upload_id
    )
    return [row["kind"] for row in rows]


async def begin_job(backend: Backend, upload_id: int, handler: str) -> Job | None:
    """The next try of the delivery; None if it is done."""
    [row] = await backend.reader().on_shard_of(
        upload_id,
        """SELECT d.event_id, d.attempts FROM deliveries d JOIN events e ON e.id = d.event_id
           WHERE (e.payload->>'upload_id')::bigint = $1 AND d.handler = $2 ORDER BY d.event_id DESC LIMIT 1""",
        upload_id,
        handler,
    )
    return await tries.begin(backend, Claimed(row["event_id"], handler, row["attempts"]), 60)


async def run_job(backend: Backend, upload_id: int, handler: str, function: JobFunction) -> Job:
    job = await begin_job(backend, upload_id, handler)
    assert job is not None
    await function(job)
    await tries.finish(job)
    return job


async def is_stored(backend: Backend, key: str) -> bool:
    try:
        await backend.storage.head(key)
    except ObjectMissing:
        return False
    return True
