"""Files that are sent in parts, so that a lost connection costs one part: which there are, which have arrived, and how
they become one object."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from core import clock
from core.crash import crash_point
from core.errors import UserErrorCode, UserFault
from media.errors import MultipartGone, PartsRefused
from media.multiparts import ArrivedPart
from media.storage import ObjectStorage
from services.backend import Backend
from services.uploads.rows import InParts, UploadRow

WRONG_FILE = "The file that arrived is not the one announced."


@dataclass(frozen=True, slots=True)
class PartRow:
    """A part as its owner sees it: to be sent by PUT to `url`, of exactly so many bytes."""

    number: int
    url: str
    byte_size: int
    is_uploaded: bool


def part_sizes(byte_size: int, part_size: int) -> dict[int, int]:
    """By the numbers of the parts, from 1 on. The last has what is left."""
    whole, rest = divmod(byte_size, part_size)
    sizes = [part_size] * whole + ([rest] if rest else [])
    return dict(enumerate(sizes, 1))


async def parts_of(storage: ObjectStorage, uploads: Sequence[UploadRow]) -> list[list[PartRow]]:
    """The parts of each; none where it is sent as a whole, is finished or has expired. The storage is asked once about
    each that has some, however often it is among the uploads. Raises StorageUnavailable."""
    sent = {upload.in_parts.multipart_id: upload.in_parts for upload in uploads if upload.in_parts}
    told = dict(zip(sent, await asyncio.gather(*(_parts(storage, one) for one in sent.values())), strict=True))
    return [told[upload.in_parts.multipart_id] if upload.in_parts else [] for upload in uploads]


async def _parts(storage: ObjectStorage, sent: InParts) -> list[PartRow]:
    try:
        arrived = await storage.multiparts.arrived(sent.object_key, sent.multipart_id)
    except MultipartGone:  # finished at this moment, or cancelled
        return []
    seconds = int((sent.expires_at - clock.now()).total_seconds())
    return await asyncio.to_thread(_presigned, storage, sent, arrived, seconds) if seconds > 0 else []


def _presigned(storage: ObjectStorage, sent: InParts, arrived: dict[int, ArrivedPart], seconds: int) -> list[PartRow]:
    return [
        PartRow(
            number,
            storage.multiparts.presign(sent.object_key, sent.multipart_id, number, size, seconds),
            size,
            number in arrived and arrived[number].size == size,
        )
        for number, size in part_sizes(sent.byte_size, sent.part_size).items()
    ]


async def complete_parts(backend: Backend, upload: Any, field: str) -> None:
    """Makes one object of the parts of this row of `uploads`, if they are those announced. One that is gone is left as
    it is: it was complete already, or nothing can become of it, as the object tells.

    Raises UserFault, about `field`, and StorageUnavailable.
    """
    multiparts, key, multipart_id = backend.storage.multiparts, upload["object_key"], upload["multipart_id"]
    try:
        arrived = await multiparts.arrived(key, multipart_id)
        _check(arrived, part_sizes(upload["byte_size"], upload["part_size"]), field)
        await multiparts.complete(key, multipart_id, arrived)
    except MultipartGone:
        return
    except PartsRefused:
        raise UserFault(
            UserErrorCode.MEDIA_NOT_READY, "A part was sent again just now: finish the upload after that.", (field,)
        ) from None
    crash_point("finish_upload.after_complete")


def _check(arrived: dict[int, ArrivedPart], wanted: dict[int, int], field: str) -> None:
    if missing := [str(number) for number in wanted if number not in arrived]:
        raise UserFault(
            UserErrorCode.MEDIA_NOT_READY,
            f"Of {len(wanted)} parts these have not arrived: {', '.join(missing)}.",
            (field,),
        )
    # The URLs allow nothing else; who else can write to the bucket is not trusted with it.
    if {number: part.size for number, part in arrived.items()} != wanted:
        raise UserFault(UserErrorCode.INVALID, WRONG_FILE, (field,))


async def remove_parts(backend: Backend, uploads: Sequence[Any]) -> None:
    """What was sent of these rows of `uploads` and did not become an object; none is taken any more. Before their
    objects are removed: what is put together at this moment is one then. Raises StorageUnavailable."""
    begun = [upload for upload in uploads if upload["multipart_id"] is not None]
    await asyncio.gather(
        *(backend.storage.multiparts.abort(upload["object_key"], upload["multipart_id"]) for upload in begun)
    )
