"""The job that makes a film of an upload: fetched, rendered in a process of its own, put back, and only then READY.

It may die anywhere and be run again, as the one of pictures (`processing.py`).
"""

from typing import Any

from core.crash import crash_point
from core.settings import Settings
from media.errors import MediaRejected, ObjectMissing, ObjectTooLarge
from media.film.runner import FilmRunner
from media.films import FilmLimits, RenderedFilm
from media.keys import variant_name
from media.pictures import Variant
from models.tables import MediaStatus, UploadPurpose
from services.moderation.judging import Refused, judge, judge_file, judged_of
from services.outbox import Job
from services.uploads.jobs import read_upload, workspace
from services.uploads.objects import Made, name_objects, put_objects, remove_abandoned
from services.uploads.outcomes import Outcome, make_failed, make_ready, make_rejected
from services.uploads.processing import GONE, inline_variant, kept_of, recipe_of
from services.uploads.watching import tell_progress

FETCHED = 0.1
RENDERED = 0.9
NO_AVATAR = "A profile takes a picture: this is a video."


async def process_film(runner: FilmRunner, job: Job) -> None:
    """For FILM_FINISHED. Raises StorageUnavailable, ObjectChanged, MediaProcessingFailed, ShardUnavailable: try again
    later."""
    upload = await read_upload(job)
    if upload is None:
        return
    if upload["status"] == MediaStatus.PROCESSING:
        await _settle(runner, job, upload)
        upload = await read_upload(job)
    await remove_abandoned(job, upload)


async def _settle(runner: FilmRunner, job: Job, upload: Any) -> None:
    if upload["purpose"] == UploadPurpose.AVATAR:
        await make_failed(job.backend, upload, NO_AVATAR)
        return
    try:
        outcome = await _make_film(runner, job, upload)
    except MediaRejected as rejected:
        await make_failed(job.backend, upload, rejected.message)
    except Refused as refused:
        await make_rejected(job.backend, upload, refused.reason, refused.nudity)
    except (ObjectMissing, ObjectTooLarge):
        await make_failed(job.backend, upload, GONE)
    else:
        crash_point("process_film.before_settle")
        await make_ready(job.backend, upload, outcome)


async def _make_film(runner: FilmRunner, job: Job, upload: Any) -> Outcome:
    backend, limits = job.backend, limits_of(job.backend.settings, upload)

    async def on_rendered(share: float) -> None:
        await tell_progress(backend, upload["id"], FETCHED + share * (RENDERED - FETCHED))

    async with workspace(job) as folder:
        original, rendering = folder / "original", folder / "rendering"
        rendering.mkdir()
        found = await backend.storage.head(upload["object_key"])
        await backend.storage.download(upload["object_key"], original, limits.max_bytes, found.etag)
        await tell_progress(backend, upload["id"], FETCHED)
        crash_point("process_film.after_download")
        sha256 = await judge_file(backend, original)
        film = await runner.process_film(
            original, rendering, limits, declared_type=upload["content_type"], on_progress=on_rendered
        )
        crash_point("process_film.after_render")
        verdict = await judge(backend, [judged_of(film.poster)])
        made = made_of(film)
        keys = await name_objects(job, made)
        crash_point("process_film.after_name")
        await put_objects(backend, upload["id"], {keys[name]: one for name, one in made.items()}, RENDERED)
        crash_point("process_film.after_put")
    said = film.source
    kept = kept_of(said, recipe_of(upload)) | {"duration": film.duration}
    return Outcome(inline_of(upload, film, keys), kept, said.captured_at, said.camera, verdict, sha256)


def limits_of(settings: Settings, upload: Any) -> FilmLimits:
    """Reels may be longer. What is announced as a picture, and moves, may be as large as a picture."""
    is_video = upload["content_type"].startswith("video/")
    is_reel = upload["purpose"] == UploadPurpose.REEL
    return FilmLimits(
        max_bytes=settings.video_max_bytes if is_video else settings.upload_max_bytes,
        max_seconds=settings.reel_max_seconds if is_reel else settings.video_max_seconds,
    )


def poster_name(one: Variant) -> str:
    return f"poster-{variant_name(one.width, one.format, is_square=one.is_square)}"


def made_of(film: RenderedFilm) -> dict[str, Made]:
    """All that is to be stored of it, by name."""
    made = {one.name: Made(one.path, one.content_type) for one in film.files}
    return made | {poster_name(one): Made(one.path, one.format.content_type) for one in film.poster}


def inline_of(upload: Any, film: RenderedFilm, keys: dict[str, str]) -> dict[str, Any]:
    """What `services.visible.video_row` reads. `keys` are those of the objects, by name."""
    named = {film.master, *(one.name for one in film.variants), *(poster_name(one) for one in film.poster)}
    largest = max(film.poster, key=lambda one: (not one.is_square, one.width))
    return {
        "id": upload["id"],
        "kind": "VIDEO",
        "width": film.width,
        "height": film.height,
        "blurhash": film.blurhash,
        "alt_text": upload["alt_text"],
        "duration": film.duration,
        "has_sound": film.has_sound,
        "poster": {
            "width": largest.width,
            "height": largest.height,
            "variants": [inline_variant(keys[poster_name(one)], one) for one in film.poster],
        },
        "hls": keys[film.master],
        "variants": [
            {
                "key": keys[one.name],
                "width": one.width,
                "height": one.height,
                "bitrate": one.bitrate,
                "bytes": one.bytes,
            }
            for one in film.variants
        ],
        "files": [keys[one.name] for one in film.files if one.name not in named],
    }
