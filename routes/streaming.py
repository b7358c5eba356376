"""Sending an object of the storage no faster than its reader takes it."""

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from media.streams import ObjectStream


class ObjectResponse(StreamingResponse):
    """Lets go of the storage's connection however the answer ends: sent, broken off, or its reader gone."""

    def __init__(self, stream: ObjectStream, status_code: int, headers: dict[str, str]) -> None:
        super().__init__(stream, status_code, headers)
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._stream.close()
