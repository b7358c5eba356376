"""The job that makes pictures of an upload: fetched, rendered beside the loop, put back, and only then READY.

It may die anywhere and be run again. The keys that it is about to write are committed to the delivery first, so that
a later try writes over the same objects, or removes them where the upload has come to something else meanwhile.
"""

import asyncio
from typing import Any

from core.crash import crash_point
from media.errors import MediaRejected, ObjectMissing, ObjectTooLarge
from media.keys import new_token, variant_key
from media.pictures import Limits, Rendered, Source, Variant
from media.recipe import PLAIN, RECIPE, Recipe
from media.runner import ImageRunner
from models.tables import MediaStatus
from services.backend import Backend
from services.moderation.judging import Refused, judge, judge_file, judged_of
from services.outbox import Job
from services.uploads.jobs import read_upload, workspace
from services.uploads.outcomes import Outcome, make_failed, make_ready, make_rejected
from services.uploads.rows import object_keys
from services.uploads.watching import tell_progress

KEPT = (MediaStatus.READY, MediaStatus.HELD, MediaStatus.REJECTED)
"""Of what a moderator refused the objects stay for a time."""
FETCHED = 0.1
RENDERED = 0.8
GONE = "The file is no longer there. Please send it again."


async def process_upload(runner: ImageRunner, job: Job) -> None:
    """For UPLOAD_FINISHED. Raises StorageUnavailable, MediaProcessingFailed, ShardUnavailable: try again later."""
    upload = await read_upload(job)
    if upload is None:
        return
    if upload["status"] == MediaStatus.PROCESSING:
        try:
            outcome = await _make_pictures(runner, job, upload)
        except MediaRejected as rejected:
            await make_failed(job.backend, upload, rejected.message)
        except Refused as refused:
            await make_rejected(job.backend, upload, refused.reason, refused.nudity)
        except (ObjectMissing, ObjectTooLarge):
            await make_failed(job.backend, upload, GONE)
        else:
            await make_ready(job.backend, upload, outcome)
        upload = await read_upload(job)
    await _remove_abandoned(job, upload)


async def _make_pictures(runner: ImageRunner, job: Job, upload: Any) -> Outcome:
    backend, limits, recipe = job.backend, Limits.of(job.backend.settings), _recipe_of(upload)

    async def on_rendered(share: float) -> None:
        await tell_progress(backend, upload["id"], FETCHED + share * (RENDERED - FETCHED))

    async with workspace(job) as folder:
        original = folder / "original"
        await backend.storage.download(upload["object_key"], original, limits.max_bytes)
        await tell_progress(backend, upload["id"], FETCHED)
        crash_point("process_upload.after_download")
        await judge_file(backend, original)
        rendered = await runner.process_image(
            original,
            folder,
            limits,
            declared_type=upload["content_type"],
            recipe=recipe,
            on_progress=on_rendered,
        )
        crash_point("process_upload.after_render")
        verdict = await judge(backend, [judged_of(rendered.variants)])
        keyed = await _name_objects(job, rendered)
        await _put(backend, upload["id"], keyed)
        crash_point("process_upload.after_put")
    said = rendered.source
    inline = _inline(upload, rendered, keyed)
    return Outcome(inline, kept_of(said, recipe), said.captured_at, said.camera, verdict)


def _recipe_of(upload: Any) -> Recipe:
    return RECIPE.validate_python(upload["recipe"]) if upload["recipe"] is not None else PLAIN


def kept_of(said: Source, recipe: Recipe) -> dict[str, Any]:
    """What is kept of what a file said, as data of its owner: the place only where they asked for it."""
    kept = {"mime": said.mime, "width": said.width, "height": said.height, "pages": said.pages}
    if recipe.keep_location and said.latitude is not None and said.longitude is not None:
        kept |= {"latitude": said.latitude, "longitude": said.longitude}
    return kept


async def _name_objects(job: Job, rendered: Rendered) -> dict[str, Variant]:
    """The variants by the keys that they get: those of an earlier try, where there was one."""
    progress = job.progress or {"rendition": new_token(), "keys": []}
    keyed = {
        variant_key(progress["rendition"], one.width, one.format, is_square=one.is_square): one
        for one in rendered.variants
    }
    named = sorted({*progress["keys"], *keyed})
    # Saving forgives the tries before it, so it happens for what is new alone: a job that kills its worker each
    # time must run out of tries.
    if named != progress["keys"]:
        await job.save_progress({**progress, "keys": named})
    return keyed


async def _put(backend: Backend, upload_id: int, keyed: dict[str, Variant]) -> None:
    done = 0

    async def put(key: str, variant: Variant) -> None:
        nonlocal done
        await backend.storage.put(key, variant.path, variant.format.content_type)
        done += 1
        await tell_progress(backend, upload_id, RENDERED + (1 - RENDERED) * done / len(keyed))

    await asyncio.gather(*(put(key, variant) for key, variant in keyed.items()))


def _inline(upload: Any, rendered: Rendered, keyed: dict[str, Variant]) -> dict[str, Any]:
    return {
        "id": upload["id"],
        "kind": "IMAGE",
        "width": rendered.width,
        "height": rendered.height,
        "blurhash": rendered.blurhash,
        "alt_text": upload["alt_text"],
        "variants": [_inline_variant(key, one) for key, one in keyed.items()],
    }


def _inline_variant(key: str, one: Variant) -> dict[str, Any]:
    square = {"square": True} if one.is_square else {}
    return {
        "key": key,
        "width": one.width,
        "height": one.height,
        "format": one.format.value,
        "bytes": one.bytes,
        **square,
    }


async def _remove_abandoned(job: Job, upload: Any) -> None:
    """What this job put into storage and the upload does not show: it was cancelled, or rendered otherwise."""
    written = set((job.progress or {}).get("keys", []))
    shown = object_keys(upload) if upload["status"] in KEPT else []
    await job.backend.storage.delete(sorted(written.difference(shown)))
