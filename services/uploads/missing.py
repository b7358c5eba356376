"""Uploads of which something is missing: a picture that each has by now, or an object that is not in storage."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from core.errors import ShardUnavailable
from media.errors import ObjectMissing
from media.film import ladder, playlists
from media.keys import variant_name
from media.pictures import planned_variants
from models.reads.uploads import UPLOADS_TO_REWORK, UPLOADS_WITH_RESULTS
from services.backend import Backend
from services.uploads.rows import is_film, keys_of, object_name, renditions_of
from services.uploads.stored import stored_sizes

PAGE = 500
AT_ONCE = 8
"""Uploads whose objects are asked for beside each other."""
ORIGINAL = "original"
POSTER = "poster-"


@dataclass(frozen=True, slots=True)
class Lacking:
    """`names` are those of the objects, without their token: `640.avif`; ORIGINAL where what it was made of is gone,
    so that it cannot be made anew."""

    upload_id: int
    owner_id: int
    status: str
    names: tuple[str, ...]


async def missing(
    backend: Backend, *, after: int = 0, with_objects: bool = True, track: Callable[[int, int], None] = lambda *_: None
) -> AsyncIterator[Lacking]:
    """Of all uploads that are READY or HELD, by ascending id, those that lack something; `after` is where to go on.
    Without `with_objects` the storage is not asked. `track` is told how many have been looked at so far, and the
    id of the last.

    Raises ShardUnavailable, where a node does not tell what it holds, and StorageUnavailable.
    """
    looked = 0
    while True:
        page = await _page(backend, after)
        for start in range(0, len(page), AT_ONCE):
            some = page[start : start + AT_ONCE]
            found = await asyncio.gather(*(_lacking(backend, upload, with_objects=with_objects) for upload in some))
            looked += len(some)
            for one in found:
                if one is not None:
                    yield one
            track(looked, some[-1]["id"])
        if len(page) < PAGE:
            return
        after = page[-1]["id"]


async def still_missing(backend: Backend, upload_ids: Sequence[int]) -> list[Lacking]:
    """The same of these uploads alone. Raises the same."""
    reader = backend.reader()
    uploads = await reader.by_ids(UPLOADS_TO_REWORK, upload_ids)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    turns = asyncio.Semaphore(AT_ONCE)

    async def look(upload: Any) -> Lacking | None:
        async with turns:
            return await _lacking(backend, upload, with_objects=True)

    found = await asyncio.gather(*map(look, sorted(uploads, key=lambda upload: upload["id"])))
    return [one for one in found if one is not None]


async def _page(backend: Backend, after: int) -> list[Any]:
    """Of each node so many, so that the first of them all together are those that come next."""
    reader = backend.reader()
    rows = await reader.on_every_node(UPLOADS_WITH_RESULTS, after, PAGE)
    if reader.unavailable:
        raise ShardUnavailable(min(reader.unavailable))
    return sorted(rows, key=lambda row: row["id"])[:PAGE]


async def _lacking(backend: Backend, upload: Any, *, with_objects: bool) -> Lacking | None:
    result = upload["result"]
    shown = _shown(result)
    names = {name for name in planned_names(result) if name not in shown}
    if with_objects:
        stored: dict[str, int] = {}
        for rendition in renditions_of(keys_of(result)):
            stored |= await stored_sizes(backend, rendition)
        names |= {name for name, size in shown.items() if not _is_whole(stored.get(name), size)}
    if not names:
        return None
    if with_objects and not await _is_there(backend, upload["object_key"]):
        names.add(ORIGINAL)
    return Lacking(upload["id"], upload["owner_id"], upload["status"], tuple(sorted(names)))


def _is_whole(stored: int | None, meant: int | None) -> bool:
    return stored is not None and meant in (None, stored)


async def _is_there(backend: Backend, key: str) -> bool:
    try:
        await backend.storage.head(key)
    except ObjectMissing:
        return False
    return True


def planned_names(inline: dict[str, Any]) -> set[str]:
    """The names of all objects that a picture or a film of this size has."""
    if not is_film(inline):
        return _pictures(inline["width"], inline["height"])
    made = ladder.renditions_of(inline["width"], inline["height"])
    tracks = [one.name for one in made] + ([playlists.SOUND] if inline["has_sound"] else [])
    still = made[-1]  # of which the poster is made
    return {
        playlists.MASTER,
        f"film-{ladder.progressive_of(made).name}.mp4",
        *(f"{track}.{kind}" for track in tracks for kind in ("m3u8", "mp4")),
        *(f"{POSTER}{name}" for name in _pictures(still.width, still.height)),
    }


def _pictures(width: int, height: int) -> set[str]:
    return {variant_name(one, kind, is_square=is_square) for kind, one, is_square in planned_variants(width, height)}


def _shown(inline: dict[str, Any]) -> dict[str, int | None]:
    """The names of all objects that it has, with their bytes where these are known."""
    known = [*inline["variants"], *(inline["poster"]["variants"] if is_film(inline) else ())]
    sizes = {one["key"]: one["bytes"] for one in known}
    return {object_name(key): sizes.get(key) for key in keys_of(inline)}
