"""A picture on its way: announced, sent to object storage over HTTP as a client does, finished, made by the workers."""

import asyncio
import hashlib

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

CONTENT_TYPE = "image/jpeg"
PATIENCE_SECONDS = 60.0
"""How long the workers may take for one picture."""
LOOK_SECONDS = 0.15
TRIES = 3
_OK = (200, 201, 204)


class Sender:
    """Sends pictures; one that was sent before by the same name, and is good, is not sent again."""

    def __init__(self, backend: Backend, links: MediaLinks) -> None:
        self._backend = backend
        self._links = links
        self._http = urllib3.PoolManager(maxsize=8, retries=False, timeout=30)

    async def send(self, owner_id: int, purpose: UploadPurpose, name: str, picture: bytes, alt_text: str) -> int:
        """The id of the upload, which is READY. Raises StartupError where storage or workers do not do their part."""
        digest = hashlib.sha256(picture).hexdigest()[:12]
        for number in range(TRIES):  # an earlier one may have expired or failed
            key = f"{name}:{digest}:{number}"
            wanted = NewUpload(purpose, CONTENT_TYPE, len(picture), f"{digest}.jpg", key)
            upload_id = await start_upload(self._backend, owner_id, wanted)
            upload = await self._read(owner_id, upload_id)
            if upload.form is not None:
                await asyncio.to_thread(self._post, upload.form, picture)
                await finish_upload(self._backend, owner_id, upload_id, alt_text)
            if (upload.form or upload.status is MediaStatus.PROCESSING) and await self._is_ready(owner_id, upload_id):
                return upload_id
            if upload.status is MediaStatus.READY:
                return upload_id
        raise StartupError("A picture of the demo town could not be processed; `cli.py jobs` and the logs tell why.")

    def _post(self, form: UploadForm, picture: bytes) -> None:
        fields = [(field.name, field.value) for field in form.fields]
        try:
            answer = self._http.request(
                "POST", form.url, fields=[*fields, ("file", ("picture.jpg", picture, CONTENT_TYPE))]
            )
        except urllib3.exceptions.HTTPError as fault:
            raise StartupError(f"Object storage at {form.url} does not answer.") from fault
        if answer.status not in _OK:
            raise StartupError(f"Object storage refused a picture with status {answer.status}.")

    async def _is_ready(self, owner_id: int, upload_id: int) -> bool:
        deadline = clock.monotonic() + PATIENCE_SECONDS
        while clock.monotonic() < deadline:
            upload = await self._read(owner_id, upload_id)
            if upload.status is not MediaStatus.PROCESSING:
                return upload.status is MediaStatus.READY
            await asyncio.sleep(LOOK_SECONDS)
        raise StartupError(
            f"The workers did not process a picture in {PATIENCE_SECONDS:.0f} s: do they run? `make run` starts them."
        )

    async def _read(self, owner_id: int, upload_id: int) -> UploadRow:
        reader = self._backend.reader()
        found = await own_uploads(reader, self._links, self._backend.storage, owner_id, [upload_id])
        if upload_id not in found:
            raise StartupError("A database of the stack does not answer.")
        return found[upload_id]
