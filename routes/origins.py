"""Pages of every origin may ask: nothing goes by cookies, so an answer is for whoever holds the token or the URL."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.types import Message, Send


class EveryOrigin(CORSMiddleware):
    """Says so in each answer, also where nobody asked. Starlette's own says it to those who name their origin and
    `Vary: Origin` to all, so that a shared cache would keep a picture once for each page that shows it."""

    async def send(self, message: Message, send: Send, request_headers: Headers) -> None:  # noqa: ARG002  as it is named there
        if message["type"] == "http.response.start":
            message.setdefault("headers", [])
            MutableHeaders(scope=message).update(self.simple_headers)
        await send(message)
