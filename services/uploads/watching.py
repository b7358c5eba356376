"""An upload's state, live: what it is now, then each change."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from dataclasses import replace

from core.errors import RequestErrorCode, RequestFault, ShardUnavailable
from models.tables import MediaStatus
from services.backend import Backend
from services.live import Live
from services.uploads.reading import own_uploads
from services.uploads.rows import UploadRow
from services.visible import MediaLinks

LOOK_SECONDS = 10.0
"""How often a watcher looks by itself, in case a message was lost."""

FINAL = {MediaStatus.FAILED, MediaStatus.REJECTED, MediaStatus.CANCELLED}


def upload_channel(upload_id: int) -> str:
    """Where a change is announced: empty for one that can be read, a share from 0 to 1 for progress."""
    return f"upload:{upload_id}"


async def tell_change(backend: Backend, upload_id: int) -> None:
    await backend.publish(upload_channel(upload_id), b"")


async def tell_progress(backend: Backend, upload_id: int, share: float) -> None:
    await backend.publish(upload_channel(upload_id), f"{share:.3f}".encode())


async def watch_upload(
    backend: Backend, live: Live, links: MediaLinks, owner_id: int, upload_id: int | None
) -> AsyncGenerator[UploadRow, None]:
    """Ends with a state that nothing follows. Raises RequestFault for what is not the owner's, as if it were not
    there."""
    if upload_id is None:
        raise _no_such_upload()
    async with live.subscribe(upload_channel(upload_id)) as messages:
        shown = await _read(backend, links, owner_id, upload_id)
        if shown is None:
            raise _no_such_upload()
        yield shown
        while shown.status not in FINAL:
            current = _advanced(shown, await _next(messages))
            if current is None:
                with contextlib.suppress(ShardUnavailable):  # looked for again a moment later
                    current = await _read(backend, links, owner_id, upload_id)
            if current is not None and _differs(current, shown):
                shown = current
                yield shown


def _no_such_upload() -> RequestFault:
    return RequestFault(RequestErrorCode.BAD_REQUEST, "There is no such upload.")


async def _next(messages: "asyncio.Queue[bytes]") -> bytes:
    try:
        # Not `wait_for`: in Python 3.11 it loses a cancellation that meets a message.
        async with asyncio.timeout(LOOK_SECONDS):
            return await messages.get()
    except TimeoutError:
        return b""


def _advanced(shown: UploadRow, message: bytes) -> UploadRow | None:
    """The upload with the progress that a message tells; None where the truth must be read."""
    if not message or shown.status is not MediaStatus.PROCESSING:
        return None
    return replace(shown, progress=max(shown.progress, float(message)))


def _differs(current: UploadRow, shown: UploadRow) -> bool:
    # Progress is kept in messages alone, so what is read anew may lie behind what was shown.
    return current.status is not shown.status or current.progress > shown.progress


async def _read(backend: Backend, links: MediaLinks, owner_id: int, upload_id: int) -> UploadRow | None:
    reader = backend.reader()
    found = await own_uploads(reader, links, backend.storage, owner_id, [upload_id])
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return found.get(upload_id)
