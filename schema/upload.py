"""A direct upload to object storage. The server never carries the bytes."""

from datetime import datetime
from typing import Any

import strawberry
from strawberry.scalars import ID

from execution.batched import batched
from loaders.upload import load_parts
from media.recipe import ImageFilter
from models.tables import MediaStatus, UploadPurpose
from schema.base import Node, UserError, describe_values
from schema.media import Media
from schema.scalars import URL
from services.uploads.rows import UploadRow

strawberry.enum(ImageFilter, description="A look that is laid over a picture.")
describe_values(
    ImageFilter,
    {
        "NONE": "As it is.",
        "CLARENDON": "Stronger light and shade, cool shadows.",
        "GINGHAM": "Washed out and soft, as an old print.",
        "JUNO": "Warm and vivid.",
        "LARK": "Bright, with paler colours.",
        "MOON": "Black and white.",
        "NASHVILLE": "Warm, low in contrast, a little pink.",
    },
)

strawberry.enum(UploadPurpose, description="What an upload is for.")
describe_values(
    UploadPurpose,
    {
        "POST": "To be posted.",
        "REEL": "To be posted as a reel.",
        "STORY": "To be shown as a story.",
        "AVATAR": "To be the picture of a profile.",
        "MESSAGE": "To be sent in a message.",
    },
)


@strawberry.type(description="A header to send with the file.")
class HttpHeader:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@strawberry.type(description="A field to send before the file, exactly as it is.")
class FormField:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="Its value.")


@strawberry.type(description="A part of a file that is sent in parts.")
class UploadPart:
    number: int = strawberry.field(description="From 1 on, in the order in which they stand in the file.")
    url: URL = strawberry.field(
        description="Where to send it: PUT exactly its bytes there, with their number as Content-Length. Another number"
        " of bytes, and the part of another place or upload, is refused."
    )
    byte_size: int = strawberry.field(
        description="Its size, exactly: 8 MiB, or as this server has set; the last has the rest."
    )
    is_uploaded: bool = strawberry.field(description="Whether it has arrived. One that has may be sent again.")


@strawberry.type(
    description="A file on its way. Where it has `parts`, send each that has not arrived, in any order; after a lost"
    " connection ask for them again and go on. Else send a multipart form to `url` by `method`: the `formFields` first,"
    " then the file as the field `file`. Then finish the upload."
)
class Upload(Node):
    status: MediaStatus = strawberry.field(description="What has become of it.")
    progress: float = strawberry.field(description="How far its processing is: 0 to 1.")
    url: URL | None = strawberry.field(
        description="Where to send the file; null where it is sent in parts, and once it is finished or has expired."
    )
    method: str | None = strawberry.field(description="How to send it: POST; null where `url` is.")
    headers: list[HttpHeader] = strawberry.field(description="Headers to send with the file.")
    form_fields: list[FormField] = strawberry.field(description="Fields to send before the file, exactly as they are.")
    parts: list[UploadPart] = batched(
        load_parts,
        description="The parts of a file that is sent in parts, as a video of more than 8 MiB is; else, and once it is"
        " finished or has expired, empty.",
    )
    expires_at: datetime = strawberry.field(description="Until when the file may be sent and finished.")
    result: Media | None = strawberry.field(description="What came of it, once it is READY.")
    captured_at: datetime | None = strawberry.field(description="When the picture was taken, as the file says.")
    camera: str | None = strawberry.field(description="What it was taken with, as the file says.")
    failure_reason: str | None = strawberry.field(description="Why it came to nothing, in a sentence for people.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, UploadRow)


@strawberry.input(description="A file that you want to send.")
class StartUploadInput:
    purpose: UploadPurpose = strawberry.field(description="What it is for.")
    content_type: str = strawberry.field(
        description="Of a picture image/jpeg, image/png, image/webp, image/gif, image/avif, image/heic or image/heif;"
        " of a video video/mp4, video/quicktime or video/webm. An AVATAR is a picture; a REEL is a video, or a GIF, PNG"
        " or WebP picture that moves."
    )
    byte_size: int = strawberry.field(
        description="Its size, exactly: of a picture 10 MB at most, of a video 100 MB, where this server has not set"
        " other limits. It may have 100 million pixels, a video a minute, for a reel 90 seconds."
    )
    file_name: str | None = strawberry.field(default=None, description="Its name, of at most 255 characters.")
    idempotency_key: str | None = strawberry.field(
        default=None, description="As in CreatePostInput: the same key of yours twice makes one upload."
    )


@strawberry.input(
    description="A part of a picture as it is to be seen, upright, in shares of its width and height: 0 to 1. It has a"
    " tenth of each side at least, and lies within the picture."
)
class CropInput:
    x: float = strawberry.field(description="Its left edge, from the left.")
    y: float = strawberry.field(description="Its upper edge, from the top.")
    width: float = strawberry.field(description="Its width: 0.1 to 1; with `x` not more than 1.")
    height: float = strawberry.field(description="Its height: 0.1 to 1; with `y` not more than 1.")


@strawberry.input(description="How light and colours of a picture are changed. 0 leaves it as it is.")
class AdjustInput:
    brightness: float | None = strawberry.field(default=None, description="Darker to brighter: -1 to 1; 0 if null.")
    contrast: float | None = strawberry.field(default=None, description="Flatter to starker: -1 to 1; 0 if null.")
    saturation: float | None = strawberry.field(default=None, description="Grey to vivid: -1 to 1; 0 if null.")
    warmth: float | None = strawberry.field(default=None, description="Cooler to warmer: -1 to 1; 0 if null.")
    vignette: float | None = strawberry.field(
        default=None, description="Brighter to darker corners: -1 to 1; 0 if null."
    )


@strawberry.input(description="A file that you have sent.")
class FinishUploadInput:
    upload_id: ID = strawberry.field(description="Its upload.")
    alt_text: str | None = strawberry.field(
        default=None, description="What is to be seen, for those who do not see it: at most 1,000 characters."
    )
    filter: ImageFilter = strawberry.field(
        default=ImageFilter.NONE,
        description="A look laid over it. This, `crop`, `adjust` and `watermark` are for pictures: a video is refused"
        " with them; a picture that turns out to move is made into a video without them.",
    )
    crop: CropInput | None = strawberry.field(default=None, description="The part that is kept; all of it if null.")
    adjust: AdjustInput | None = strawberry.field(default=None, description="How its light and colours are changed.")
    keep_location: bool = strawberry.field(
        default=False,
        description="Whether the place that the file names is kept with the upload, as data of yours: it is in no"
        " picture and no video that is made of it. For videos too.",
    )
    watermark: str | None = strawberry.field(
        default=None,
        description="One line of 1 to 64 characters, written into the lower right corner of each picture; none if null"
        " or blank.",
    )


@strawberry.input(description="An upload that you want to take back.")
class CancelUploadInput:
    upload_id: ID = strawberry.field(description="The upload.")


@strawberry.type(description="An upload.")
class UploadPayload:
    upload: Upload | None = strawberry.field(default=None, description="The upload; null if it was refused.")
    user_errors: list[UserError] = strawberry.field(description="Why it was refused; empty on success.")


@strawberry.type(description="Several uploads.")
class UploadsPayload:
    uploads: list[Upload] | None = strawberry.field(
        default=None, description="The uploads, in the order of the inputs; null if one was refused."
    )
    user_errors: list[UserError] = strawberry.field(description="Why they were refused; empty on success.")
