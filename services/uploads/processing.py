"""The job that makes pictures of an upload: fetched, rendered beside the loop, put back, and only then READY.

It may die anywhere and be run again. The keys that it is about to write are committed to the delivery first, so that
a later try writes over the same objects, or removes them where the upload has come to something else meanwhile.
"""

from collections.abc import Iterable
from typing import Any

from core.crash import crash_point
from media.errors import IsAnimated, MediaRejected, ObjectMissing, ObjectTooLarge
from media.keys import variant_name
from media.pictures import Limits, Rendered, Source, Variant
from media.recipe import PLAIN, RECIPE, Recipe
from media.runner import ImageRunner
from models.ids import shard_of
from models.tables import MediaStatus, UploadPurpose
from services.consequences import EventKind
from services.moderation.judging import Refused, judge, judge_file, judged_of
from services.outbox import Job, emit
from services.tries import finish_within
from services.uploads.jobs import about, read_upload, workspace
from services.uploads.objects import Made, name_objects, put_objects, remove_abandoned
from services.uploads.outcomes import Outcome, make_failed, make_ready, make_rejected
from services.uploads.watching import tell_progress

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
        except IsAnimated:
            await _hand_over(job, upload)
            return
        else:
            crash_point("process_upload.before_settle")
            await make_ready(job.backend, upload, outcome)
        upload = await read_upload(job)
    await remove_abandoned(job, upload)


async def _hand_over(job: Job, upload: Any) -> None:
    """It moves: it is a film's work. This job is done in the transaction that says so. Raises Superseded and
    ShardUnavailable."""
    async with job.backend.transaction(shard_of(job.event_id)) as transaction:
        await finish_within(transaction, job)
        await emit(transaction, EventKind.FILM_FINISHED, about(upload))
    job.is_done = True


async def _make_pictures(runner: ImageRunner, job: Job, upload: Any) -> Outcome:
    backend, limits, recipe = job.backend, Limits.of(job.backend.settings), recipe_of(upload)

    async def on_rendered(share: float) -> None:
        await tell_progress(backend, upload["id"], FETCHED + share * (RENDERED - FETCHED))

    async with workspace(job) as folder:
        original = folder / "original"
        await backend.storage.download(upload["object_key"], original, limits.max_bytes)
        await tell_progress(backend, upload["id"], FETCHED)
        crash_point("process_upload.after_download")
        sha256 = await judge_file(backend, original)
        rendered = await runner.process_image(
            original,
            folder,
            limits,
            declared_type=upload["content_type"],
            recipe=recipe,
            first_frame=upload["purpose"] == UploadPurpose.AVATAR,
            on_progress=on_rendered,
        )
        crash_point("process_upload.after_render")
        verdict = await judge(backend, [judged_of(rendered.variants)])
        keyed = await _keyed(job, rendered.variants)
        crash_point("process_upload.after_name")
        made = {key: Made(one.path, one.format.content_type) for key, one in keyed.items()}
        await put_objects(backend, upload["id"], made, RENDERED)
        crash_point("process_upload.after_put")
    said = rendered.source
    inline = inline_of(upload, rendered, keyed)
    return Outcome(inline, kept_of(said, recipe), said.captured_at, said.camera, verdict, sha256)


def recipe_of(upload: Any) -> Recipe:
    return RECIPE.validate_python(upload["recipe"]) if upload["recipe"] is not None else PLAIN


def kept_of(said: Source, recipe: Recipe) -> dict[str, Any]:
    """What is kept of what a file said, as data of its owner: the place only where they asked for it."""
    kept = {"mime": said.mime, "width": said.width, "height": said.height, "pages": said.pages}
    if recipe.keep_location and said.latitude is not None and said.longitude is not None:
        kept |= {"latitude": said.latitude, "longitude": said.longitude}
    return kept


def name_of(one: Variant) -> str:
    return variant_name(one.width, one.format, is_square=one.is_square)


async def _keyed(job: Job, variants: Iterable[Variant]) -> dict[str, Variant]:
    named = {name_of(one): one for one in variants}
    keys = await name_objects(job, named)
    return {keys[name]: one for name, one in named.items()}


def inline_of(upload: Any, rendered: Rendered, keyed: dict[str, Variant]) -> dict[str, Any]:
    """What `services.visible.image_row` reads. `keyed` are the pictures by their keys in storage."""
    return {
        "id": upload["id"],
        "kind": "IMAGE",
        "width": rendered.width,
        "height": rendered.height,
        "blurhash": rendered.blurhash,
        "alt_text": upload["alt_text"],
        "variants": [inline_variant(key, one) for key, one in keyed.items()],
    }


def inline_variant(key: str, one: Variant) -> dict[str, Any]:
    """A picture as it stands among the `variants` of a picture or a poster."""
    square = {"square": True} if one.is_square else {}
    return {
        "key": key,
        "width": one.width,
        "height": one.height,
        "format": one.format.value,
        "bytes": one.bytes,
        **square,
    }
