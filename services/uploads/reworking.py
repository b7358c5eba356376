"""The job that makes pictures and films anew from their originals: what was lost, or is made otherwise now.

It may die anywhere, be run again, and beside itself. What need not change stays as it is: the verdict, what the file
said, the URLs that are out. A picture keeps its token and every object that is there as it should be, and so does a
film that comes out as it did; where it does not, or all is to be made anew, it gets a new token, and the old one is
withdrawn.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import select, update

from core.crash import crash_point
from media.errors import MediaRejected, ObjectChanged, ObjectMissing, ObjectTooLarge
from media.film.runner import FilmRunner
from media.keys import new_token
from media.ondemand import OnDemand
from media.pictures import Limits
from media.runner import ImageRunner
from models.ids import shard_of
from models.shards import Transaction
from models.tables import MediaStatus, Post, Upload, User
from services.backend import Backend
from services.moderation.known import file_hash
from services.outbox import Job, Unfinished
from services.uploads import filming, processing
from services.uploads.jobs import read_upload, workspace
from services.uploads.objects import Made, name_objects, remove_abandoned
from services.uploads.rows import is_film, keys_of, object_name, renditions_of
from services.uploads.stored import stored_sizes
from services.uploads.watching import tell_change
from services.withdrawals import withdraw

REWORKED = (MediaStatus.READY, MediaStatus.HELD)
TRIES = 10

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Runners:
    """Processes that let all other work go first."""

    photos: OnDemand[ImageRunner]
    films: OnDemand[FilmRunner]


@dataclass(frozen=True, slots=True)
class _Remade:
    """`made` has every object by its name; `inline` what `uploads.result` is to hold, when their keys are known. The
    objects of `bound`, by name, belong together: playlists name ranges of bytes in the others."""

    width: int
    height: int
    made: dict[str, Made]
    bound: frozenset[str]
    inline: Callable[[dict[str, str]], dict[str, Any]]


async def rework_upload(runners: Runners, job: Job) -> None:
    """For MEDIA_REWORK_ASKED. What cannot be made anew, its original being gone, refused by now or another than was
    judged, stays as it is.

    Raises StorageUnavailable, MediaProcessingFailed, ShardUnavailable: try again later; Superseded and Unfinished.
    """
    upload = await read_upload(job)
    if upload is None:
        return
    if upload["status"] in REWORKED and upload["result"] is not None:
        try:
            await _rework(runners, job, upload)
        except (MediaRejected, ObjectChanged, ObjectMissing, ObjectTooLarge) as fault:
            log.warning("not_reworked", upload_id=upload["id"], fault=repr(fault))
        upload = await read_upload(job)
    await remove_abandoned(job, upload)


async def _rework(runners: Runners, job: Job, upload: Any) -> None:
    backend, result = job.backend, upload["result"]
    [current] = renditions_of(keys_of(result))
    async with workspace(job) as folder:
        original = folder / "original"
        await backend.storage.download(upload["object_key"], original, upload["byte_size"])
        crash_point("rework_upload.after_download")
        if upload["sha256"] not in (None, await asyncio.to_thread(file_hash, original)):
            raise ObjectChanged(upload["object_key"])
        remake = _remake_film if is_film(result) else _remake_picture
        remade = await remake(runners, job, upload, original, folder)
        crash_point("rework_upload.after_render")
        is_same = not job.payload.get("anew") and (remade.width, remade.height) == (result["width"], result["height"])
        kept = _kept(remade, result, await stored_sizes(backend, current)) if is_same else None
        rendition = current if kept is not None else _other_rendition(job, current)
        keys = await name_objects(job, remade.made, rendition=rendition, replaced=keys_of(result))
        crash_point("rework_upload.after_name")
        put = {keys[name]: one for name, one in remade.made.items() if name not in (kept or ())}
        await asyncio.gather(*(backend.storage.put(key, one.path, one.content_type) for key, one in put.items()))
        crash_point("rework_upload.after_put")
    inline = _with_kept(remade.inline(keys), result, kept or set())
    if inline != result:
        await _replace(backend, upload, inline)
    crash_point("rework_upload.after_replace")


async def _remake_picture(runners: Runners, job: Job, upload: Any, original: Path, folder: Path) -> _Remade:
    async with runners.photos.lent() as runner:
        rendered = await runner.process_image(
            original,
            folder,
            Limits.of(job.backend.settings),
            declared_type=upload["content_type"],
            recipe=processing.recipe_of(upload),
            first_frame=True,  # what is shown as a picture stays one
        )
    named = {processing.name_of(one): one for one in rendered.variants}
    return _Remade(
        rendered.width,
        rendered.height,
        {name: Made(one.path, one.format.content_type) for name, one in named.items()},
        frozenset(),
        lambda keys: processing.inline_of(upload, rendered, {keys[name]: one for name, one in named.items()}),
    )


async def _remake_film(runners: Runners, job: Job, upload: Any, original: Path, folder: Path) -> _Remade:
    rendering = folder / "rendering"
    rendering.mkdir()
    async with runners.films.lent() as runner:
        film = await runner.process_film(
            original,
            rendering,
            filming.limits_of(job.backend.settings, upload),
            declared_type=upload["content_type"],
        )
    return _Remade(
        film.width,
        film.height,
        filming.made_of(film),
        frozenset(one.name for one in film.files),
        lambda keys: filming.inline_of(upload, film, keys),
    )


def _kept(remade: _Remade, result: dict[str, Any], stored: dict[str, int]) -> set[str] | None:
    """The names of what lies in storage as it should and need not be put again. None where objects that belong together
    came out otherwise than those that are there: then none is of use."""
    bound = remade.bound & stored.keys()
    if any(remade.made[name].path.stat().st_size != stored[name] for name in bound):
        return None
    sizes = {name: one["bytes"] for name, one in _pictures(result).items()}
    alike = {name for name, size in sizes.items() if name in remade.made and stored.get(name) == size}
    return alike.union(bound)


def _pictures(inline: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The pictures of a photograph or of a film's poster, by the names of their objects."""
    variants = inline["poster"]["variants"] if is_film(inline) else inline["variants"]
    return {object_name(one["key"]): one for one in variants}


def _with_kept(inline: dict[str, Any], result: dict[str, Any], kept: set[str]) -> dict[str, Any]:
    """With what is said of the pictures that were kept, which may be coded otherwise than they would be now."""
    before = _pictures(result)
    variants = [before[name] if name in kept else one for name, one in _pictures(inline).items()]
    if is_film(inline):
        return {**inline, "poster": {**inline["poster"], "variants": variants}}
    return {**inline, "variants": variants}


def _other_rendition(job: Job, current: str) -> str:
    """That of an earlier try, unless the upload has come to it, or a new one."""
    begun = (job.progress or {}).get("rendition", current)
    return new_token() if begun == current else str(begun)


async def _replace(backend: Backend, upload: Any, inline: dict[str, Any]) -> None:
    """In the upload and in what shows it, in one transaction; nothing where it is READY or HELD no more. Raises
    Unfinished where it was made anew meanwhile, and ShardUnavailable."""
    upload_id, shown_by = upload["id"], upload["attached_to"]
    for _ in range(TRIES):
        async with backend.transaction(shard_of(upload_id)) as transaction:
            shown = await _lock_shown(transaction, upload["owner_id"], shown_by)
            asked = select(Upload.status, Upload.attached_to, Upload.result).where(Upload.id == upload_id)
            found = (await transaction.session.execute(asked.with_for_update())).one()
            if found.status not in REWORKED:
                return
            if found.result != upload["result"]:
                raise Unfinished
            if found.attached_to == shown_by:
                await _write(transaction, upload, inline, shown, shown_by)
                break
        # Something shows it, or shows it no longer, since a moment ago.
        shown_by = found.attached_to
    else:
        raise Unfinished
    await tell_change(backend, upload_id)


async def _lock_shown(transaction: Transaction, owner_id: int, shown_by: int | None) -> Any:
    """`users.avatar` or `posts.media`, locked as its owner's requests do: before the upload."""
    if shown_by is None:
        return None
    if shown_by == owner_id:
        asked = select(User.avatar).where(User.id == owner_id).with_for_update()
    else:
        asked = select(Post.media).where(Post.id == shown_by).with_for_update()
    return await transaction.session.scalar(asked)


async def _write(
    transaction: Transaction, upload: Any, inline: dict[str, Any], shown: Any, shown_by: int | None
) -> None:
    execute, upload_id, owner_id = transaction.session.execute, upload["id"], upload["owner_id"]
    await execute(update(Upload).where(Upload.id == upload_id).values(result=inline, version=Upload.version + 1))
    if isinstance(shown, dict) and shown["id"] == upload_id:
        await execute(update(User).where(User.id == owner_id).values(avatar=_shown_as(shown, inline)))
    if isinstance(shown, list):
        media = [_shown_as(one, inline) if one["id"] == upload_id else one for one in shown]
        await execute(update(Post).where(Post.id == shown_by).values(media=media))
    left = set(renditions_of(keys_of(upload["result"]))).difference(renditions_of(keys_of(inline)))
    await withdraw(transaction, owner_id, sorted(left))


def _shown_as(shown: dict[str, Any], inline: dict[str, Any]) -> dict[str, Any]:
    """With what whoever shows it has said of it."""
    return {**inline, **{name: shown[name] for name in ("id", "alt_text", "tags") if name in shown}}
