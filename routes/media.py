"""Pictures and films, served from object storage to whoever holds a URL that we signed.

A URL that is forged, altered or expired, a picture that was withdrawn and one that never was are answered alike:
404, byte for byte. Where the storage or the set of withdrawn pictures does not answer it is 503: unknown is hidden.
"""

import re
from collections.abc import Awaitable, Callable
from email.utils import format_datetime

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core import clock
from media.caching import cache_headers
from media.errors import (
    ObjectChanged,
    ObjectMissing,
    ObjectUnchanged,
    RangeNotSatisfiable,
    StorageUnavailable,
)
from media.keys import rendition_of
from media.signing import PATH, STREAM, Grant, MediaSigner
from media.storage import ObjectStorage
from media.streams import ObjectInfo, ObjectStream
from routes.streaming import ObjectResponse

IsWithdrawn = Callable[[str, Grant], Awaitable[bool]]
"""Whether URLs of a rendition (the token in its keys) that were given out for this grant have been withdrawn.

Raises where that cannot be known."""

_RANGE = re.compile(r"bytes=(?:(\d{1,15})-(\d{1,15})?|-\d{1,15})", re.ASCII)
_ETAG = re.compile(r'(W/)?("[!#-~]{1,128}")', re.ASCII)

_STREAM = re.compile(
    STREAM
    + r"(?P<mark>[^/]{1,40})/(?P<expires>[^/]{1,20})/(?P<policy>[^/]{1,4})/(?P<signature>[^/]{1,64})"
    + r"/(?P<token>[A-Za-z0-9_-]{22})/(?P<name>[^/]{1,40})",
    re.ASCII,
)

_log = structlog.get_logger(__name__)


def media_route(storage: ObjectStorage, signer: MediaSigner, is_withdrawn: IsWithdrawn) -> Route:
    """`GET` and `HEAD /media/{key}`, and `/media/stream/…` (`MediaSigner.sign_stream`)."""

    async def serve(request: Request) -> Response:
        key, expires, grant = _asked(request, signer)
        rendition = rendition_of(key)
        if grant is None or rendition is None:
            return _not_found()
        try:
            if await is_withdrawn(rendition, grant):
                return _not_found()
        except Exception:  # noqa: BLE001  whatever it is that failed, nothing is shown unproved
            _log.warning("media.withdrawn_unknown", key=key, exc_info=True)
            return _unavailable()
        caching = cache_headers(grant, rendition, int(expires) - clock.timestamp())
        try:
            return await (_describe if request.method == "HEAD" else _send)(storage, key, request, caching)
        except ObjectMissing:
            return _not_found()
        except StorageUnavailable:
            _log.warning("media.storage_unavailable", key=key, exc_info=True)
            return _unavailable()

    return Route(PATH + "{key:path}", serve, methods=["GET"], name="media")


def _asked(request: Request, signer: MediaSigner) -> tuple[str, str, Grant | None]:
    """The key that a URL names, its expiry, and what it was given out for: None where we did not sign it."""
    key: str = request.path_params["key"]
    query = request.query_params
    found = _STREAM.fullmatch(key)
    if found is None:
        mark, expires, policy, signature = (query.get(name, "") for name in ("o", "e", "c", "s"))
        return key, expires, signer.verify(key, mark, expires, policy, signature)
    token, expires = found["token"], found["expires"]
    grant = signer.verify_stream(token, found["mark"], expires, found["policy"], found["signature"])
    return f"variants/{token}/{found['name']}", expires, grant


async def _describe(storage: ObjectStorage, key: str, request: Request, caching: dict[str, str]) -> Response:
    info = await storage.head(key)
    headers = caching | _object_headers(info)
    if _known_etag(request) == headers["ETag"]:
        return Response(status_code=304, headers=caching | {"ETag": headers["ETag"]})
    return Response(headers=headers | {"Content-Length": str(info.size)})


async def _send(storage: ObjectStorage, key: str, request: Request, caching: dict[str, str]) -> Response:
    known = _known_etag(request)
    byte_range, expected = _range(request)
    try:
        stream = await _open(storage, key, known, byte_range, expected)
    except ObjectUnchanged:
        return Response(status_code=304, headers=caching | {"ETag": known or ""})
    except RangeNotSatisfiable:
        size = (await storage.head(key)).size
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}", "Cache-Control": "no-store"})
    headers = caching | _object_headers(stream.info) | {"Content-Length": str(stream.length)}
    status = 200
    if stream.content_range is not None:
        status = 206
        headers["Content-Range"] = stream.content_range
    if stream.is_read:
        stream.close()
        return Response(stream.first, status, headers)
    return ObjectResponse(stream, status, headers)


async def _open(
    storage: ObjectStorage, key: str, known: str | None, byte_range: str | None, expected: str | None
) -> ObjectStream:
    try:
        return await storage.open(key, byte_range=byte_range, if_none_match=known, etag=expected)
    except ObjectChanged:  # the part asked for is of something else, so all of it is sent
        return await storage.open(key, if_none_match=known)


def _known_etag(request: Request) -> str | None:
    """The ETag that the client has, quoted. A list of them is ignored: no browser sends one."""
    found = _ETAG.fullmatch(request.headers.get("if-none-match", ""))
    return found[2] if found else None


def _range(request: Request) -> tuple[str | None, str | None]:
    """A Range header that asks for one part, and the ETag on which it depends.

    Anything else than one well-formed range is ignored, as RFC 9110 allows, and the whole is sent.
    """
    found = _RANGE.fullmatch(request.headers.get("range", ""))
    if not found or (found[2] and int(found[2]) < int(found[1])):
        return None, None
    condition = request.headers.get("if-range")
    if condition is None:
        return found[0], None
    etag = _ETAG.fullmatch(condition)
    return (found[0], etag[2]) if etag and not etag[1] else (None, None)


def _object_headers(info: ObjectInfo) -> dict[str, str]:
    return {
        "Content-Type": info.content_type,
        "Content-Disposition": "inline",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "X-Content-Type-Options": "nosniff",
        "Accept-Ranges": "bytes",
        "ETag": f'"{info.etag}"',
        "Last-Modified": format_datetime(info.last_modified, usegmt=True),
    }


def _not_found() -> Response:
    return Response("Not found.\n", 404, {"Cache-Control": "no-store"}, "text/plain")


def _unavailable() -> Response:
    return Response("Try again.\n", 503, {"Cache-Control": "no-store", "Retry-After": "1"}, "text/plain")
