"""An object of the storage, read chunk by chunk as fast as it is taken."""

from asyncio import wrap_future
from collections.abc import AsyncIterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from media.errors import StorageUnavailable
from media.s3 import translated

CHUNK = 256 * 1024
"""Bytes read at once."""


@dataclass(frozen=True, slots=True)
class ObjectInfo:
    """`size` is of the whole object, in bytes; `etag` is without quotes."""

    size: int
    content_type: str
    etag: str
    last_modified: datetime


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a listing tells of it; `size` in bytes."""

    key: str
    last_modified: datetime
    size: int = 0


def read_info(answer: Any) -> ObjectInfo:
    """From boto3's answer to HeadObject or GetObject."""
    whole = answer.get("ContentRange", "").rpartition("/")[2]
    return ObjectInfo(
        size=int(whole or answer["ContentLength"]),
        content_type=answer.get("ContentType", "application/octet-stream"),
        etag=answer["ETag"].strip('"'),
        last_modified=answer["LastModified"].astimezone(UTC),
    )


class ObjectStream:
    """An open answer of the storage. Iterate over it once; `close` it in any case.

    `first` is its first chunk, read together with the headers: most pictures are no longer than that. `length` is
    of what is sent, `content_range` is set where that is a part.
    """

    def __init__(self, answer: Any, first: bytes, threads: Executor) -> None:
        self.info = read_info(answer)
        self.length: int = answer["ContentLength"]
        self.content_range: str | None = answer.get("ContentRange")
        self.first = first
        self._body = answer["Body"]
        self._threads = threads
        self._reading: Future[bytes] | None = None

    @property
    def is_read(self) -> bool:
        """Whether `first` is all there is."""
        return len(self.first) >= self.length

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Raises StorageUnavailable where the storage breaks off."""
        sent = len(self.first)
        yield self.first
        while sent < self.length:
            self._reading = self._threads.submit(read_chunk, self._body)
            chunk = await wrap_future(self._reading)
            sent += len(chunk)
            yield chunk

    def close(self) -> None:
        """Give the connection back, or drop it where something is left unread. Does not block."""
        if self._reading is None or self._reading.done():
            self._body.close()
        else:
            # A cancelled reader leaves its thread in the middle of a chunk.
            self._reading.add_done_callback(lambda _: self._body.close())


def read_chunk(body: Any) -> bytes:
    with translated():
        chunk: bytes = body.read(CHUNK)
    if not chunk:
        raise StorageUnavailable("the object ended early")
    return chunk
