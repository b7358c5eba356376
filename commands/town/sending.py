"""A picture or a film on its way: announced, sent to object storage as a client does, finished, made by the workers."""

import asyncio
import hashlib
from dataclasses import dataclass

import urllib3

from core import clock
from core.embedded.faults import StartupError
from models.tables import MediaStatus, UploadPurpose
from services.backend import Backend
from services.uploads.finishing import finish_upload
from services.uploads.reading import own_uploads
from services.uploads.rows import UploadForm, UploadRow
from services.uploads.starting import NewUpload, start_upload
from services.visible import MediaLinks

JPEG = "image/jpeg"
PATIENCE_SECONDS = 60.0
"""How long the workers may take for one picture."""
FILM_PATIENCE_SECONDS = 300.0
"""And for a film, which waits for those before it: they are made one at a time."""
LOOK_SECONDS = 0.15
TRIES = 3
_OK = (200, 201, 204)
_ENDINGS = {JPEG: "jpg", "image/gif": "gif", "video/mp4": "mp4"}


@dataclass(frozen=True, slots=True)
class Sent:
    """A file, and what it shows. What is no JPEG becomes a film, a GIF too."""

    content: bytes
    alt_text: str
    content_type: str = JPEG

    @property
    def what(self) -> str:
        return "picture" if self.content_type == JPEG else "film"

    @property
    def patience_seconds(self) -> float:
        return PATIENCE_SECONDS if self.content_type == JPEG else FILM_PATIENCE_SECONDS


class Sender:
    """Sends pictures and films; one that was sent before by the same name, and is good, is not sent again."""

    def __init__(self, backend: Backend, links: MediaLinks) -> None:
        self._backend = backend
        self._links = links
        self._http = urllib3.PoolManager(maxsize=8, retries=False, timeout=30)

    async def send(self, owner_id: int, purpose: UploadPurpose, name: str, file: Sent) -> int:
        """The id of the upload, which is READY. Raises StartupError where storage or workers do not do their part."""
        digest = hashlib.sha256(file.content).hexdigest()[:12]
        file_name = f"{digest}.{_ENDINGS[file.content_type]}"
        for number in range(TRIES):  # an earlier one may have expired or failed
            key = f"{name}:{digest}:{number}"
            wanted = NewUpload(purpose, file.content_type, len(file.content), file_name, key)
            upload_id = await start_upload(self._backend, owner_id, wanted)
            upload = await self._read(owner_id, upload_id)
            if upload.form is not None:
                await asyncio.to_thread(self._post, upload.form, file)
                await finish_upload(self._backend, owner_id, upload_id, file.alt_text)
            is_on_its_way = upload.form is not None or upload.status is MediaStatus.PROCESSING
            if is_on_its_way and await self._is_ready(owner_id, upload_id, file):
                return upload_id
            if upload.status is MediaStatus.READY:
                return upload_id
        raise StartupError(
            f"A {file.what} of the demo town could not be processed; `cli.py jobs` and the logs tell why."
        )

    def _post(self, form: UploadForm, file: Sent) -> None:
        fields = [(field.name, field.value) for field in form.fields]
        try:
            part = ("file", (file.what, file.content, file.content_type))
            answer = self._http.request("POST", form.url, fields=[*fields, part])
        except urllib3.exceptions.HTTPError as fault:
            raise StartupError(f"Object storage at {form.url} does not answer.") from fault
        if answer.status not in _OK:
            raise StartupError(f"Object storage refused a {file.what} with status {answer.status}.")

    async def _is_ready(self, owner_id: int, upload_id: int, file: Sent) -> bool:
        patience = file.patience_seconds
        deadline = clock.monotonic() + patience
        while clock.monotonic() < deadline:
            upload = await self._read(owner_id, upload_id)
            if upload.status is not MediaStatus.PROCESSING:
                return upload.status is MediaStatus.READY
            await asyncio.sleep(LOOK_SECONDS)
        raise StartupError(
            f"The workers did not process a {file.what} in {patience:.0f} s: do they run? `make run` starts them."
        )

    async def _read(self, owner_id: int, upload_id: int) -> UploadRow:
        reader = self._backend.reader()
        found = await own_uploads(reader, self._links, self._backend.storage, owner_id, [upload_id])
        if upload_id not in found:
            raise StartupError("A database of the stack does not answer.")
        return found[upload_id]
