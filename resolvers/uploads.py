"""Sending files: announced, finished, taken back; and how far each is."""

import contextlib
from collections.abc import AsyncGenerator
from dataclasses import asdict
from typing import Annotated, Any, cast

import strawberry

from loaders.context import Context
from loaders.upload import uploads_by_id
from media.recipe import Adjust, Crop, Recipe
from models.global_ids import NodeKind, decode_as
from resolvers.mutations import change, mutation
from schema.upload import (
    CancelUploadInput,
    FinishUploadInput,
    StartUploadInput,
    Upload,
    UploadPayload,
    UploadsPayload,
)
from services.uploads.cancelling import cancel_upload
from services.uploads.finishing import finish_upload
from services.uploads.starting import NewUpload, start_upload, start_uploads
from services.uploads.watching import watch_upload

QUOTAS = (
    "You can announce 100 files a day, 500 pictures and 100 videos within 30 days, where this server has not set other"
    " limits; those that were cancelled count."
)

Info = strawberry.Info[Context, None]


@strawberry.type
class UploadsMutation:
    @mutation(description="Announces a file, and tells where to send it. " + QUOTAS)
    async def start_upload(
        self, info: Info, input: Annotated[StartUploadInput, strawberry.argument(description="The file.")]
    ) -> UploadPayload | None:
        return await change(info, UploadPayload, lambda context: _start(context, input))

    @mutation(description="Announces several files at once, 1 to 20: all of them or none. " + QUOTAS)
    async def start_uploads(
        self, info: Info, inputs: Annotated[list[StartUploadInput], strawberry.argument(description="The files.")]
    ) -> UploadsPayload | None:
        return await change(info, UploadsPayload, lambda context: _start_several(context, inputs))

    @mutation(description="Takes an upload back, as long as nothing shows what came of it.")
    async def cancel_upload(
        self, info: Info, input: Annotated[CancelUploadInput, strawberry.argument(description="The upload.")]
    ) -> UploadPayload | None:
        return await change(info, UploadPayload, lambda context: _cancel(context, input))

    @mutation(description="Has a file processed that was sent. The second time changes nothing.")
    async def finish_upload(
        self, info: Info, input: Annotated[FinishUploadInput, strawberry.argument(description="The upload.")]
    ) -> UploadPayload | None:
        return await change(info, UploadPayload, lambda context: _finish(context, input))


@strawberry.type
class UploadsSubscription:
    @strawberry.subscription(description="One of your uploads: what it is now, then each change, to its end.")
    async def upload(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Its id.")]
    ) -> AsyncGenerator[Upload, None]:
        context = info.context
        owner_id, number = context.signed_in().id, decode_as(NodeKind.UPLOAD, id)
        states = watch_upload(context.backend, context.live, context.links, owner_id, number)
        async with contextlib.aclosing(states):
            async for state in states:
                context.fresh()
                yield cast(Upload, state)


def _announced(given: StartUploadInput) -> NewUpload:
    return NewUpload(given.purpose, given.content_type, given.byte_size, given.file_name, given.idempotency_key)


async def _start(context: Context, given: StartUploadInput) -> dict[str, Any]:
    owner_id = context.signed_in().id
    return await _seen(context, await start_upload(context.backend, owner_id, _announced(given)))


async def _start_several(context: Context, given: list[StartUploadInput]) -> dict[str, Any]:
    owner_id = context.signed_in().id
    numbers = await start_uploads(context.backend, owner_id, [_announced(one) for one in given])
    uploads = await uploads_by_id(context, numbers)
    return {"uploads": [uploads[number] for number in numbers if number in uploads]}


async def _cancel(context: Context, given: CancelUploadInput) -> dict[str, Any]:
    owner_id, number = context.signed_in().id, decode_as(NodeKind.UPLOAD, given.upload_id)
    return await _seen(context, await cancel_upload(context.backend, owner_id, number))


async def _finish(context: Context, given: FinishUploadInput) -> dict[str, Any]:
    owner_id, number = context.signed_in().id, decode_as(NodeKind.UPLOAD, given.upload_id)
    finished = await finish_upload(context.backend, owner_id, number, given.alt_text, _recipe(given))
    return await _seen(context, finished)


def _recipe(given: FinishUploadInput) -> Recipe:
    """Each amount that is null is 0."""
    crop, adjust = given.crop, given.adjust
    return Recipe(
        filter=given.filter,
        crop=Crop(crop.x, crop.y, crop.width, crop.height) if crop else None,
        adjust=Adjust(**{name: amount or 0.0 for name, amount in asdict(adjust).items()}) if adjust else None,
        watermark=given.watermark,
        keep_location=given.keep_location,
    )


async def _seen(context: Context, number: int) -> dict[str, Any]:
    """What it has become. Null only where its node went away after the change."""
    return {"upload": (await uploads_by_id(context, [number])).get(number)}
