"""Pictures and films, as they are shown."""

from typing import Annotated, Any

import strawberry

from execution.batched import batched
from loaders.media import load_tagged_user
from media.pictures import ImageFormat
from models.tables import MediaStatus
from schema.base import Node, describe_values
from schema.scalars import URL
from services.visible import ImageRow, VideoRow

strawberry.enum(MediaStatus, description="What has become of an upload.")
describe_values(
    MediaStatus,
    {
        "UPLOADING": "The file is to be sent.",
        "PROCESSING": "The file was sent and is being made into what is shown.",
        "HELD": "It waits for a moderator.",
        "READY": "It can be used.",
        "FAILED": "The file cannot be used.",
        "REJECTED": "It may not be shown: for what is to be seen, or because it was removed before.",
        "CANCELLED": "It was taken back.",
    },
)

strawberry.enum(ImageFormat, description="How a picture is encoded.")
describe_values(
    ImageFormat,
    {
        "JPEG": "Shown by everything.",
        "WEBP": "Smaller; shown by every browser of these years.",
        "AVIF": "Smaller still; shown by most browsers.",
    },
)


@strawberry.type(description="A person on a picture or in a film.")
class UserTag:
    user: Annotated["User", strawberry.lazy("schema.user")] | None = batched(  # type: ignore[name-defined] # noqa: F821
        load_tagged_user, description="Who it is; null for someone whom you may not see."
    )
    x: float = strawberry.field(description="From the left edge (0) to the right (1).")
    y: float = strawberry.field(description="From the top edge (0) to the bottom (1).")


@strawberry.interface(description="A picture or a film.")
class Media(Node):
    status: MediaStatus = strawberry.field(description="READY, for whatever can be seen.")
    width: int | None = strawberry.field(description="Upright, and cut as its owner wanted it, in pixels.")
    height: int | None = strawberry.field(description="Upright, and cut as its owner wanted it, in pixels.")
    alt_text: str | None = strawberry.field(description="What is to be seen, for those who do not see it.")
    blurhash: str | None = strawberry.field(description="A blurred picture in a few characters, to show meanwhile.")
    tagged_users: list[UserTag] = strawberry.field(name="taggedUsers", description="Who is on it.")


@strawberry.type(description="An image, in one width and format.")
class ImageVariant:
    url: URL = strawberry.field(description="Where it is; good for a day at least.")
    width: int = strawberry.field(description="In pixels.")
    height: int = strawberry.field(description="In pixels.")
    format: ImageFormat = strawberry.field(description="How it is encoded.")
    bytes: int = strawberry.field(description="Its size.")


@strawberry.type(description="An image, upright, in several widths.")
class Image(Media):
    variants: list[ImageVariant] = strawberry.field(
        description="All widths and formats that there are, and a square one of 150 pixels, cut from the middle."
    )

    @strawberry.field(
        description="The smallest variant that fills a box this many pixels wide; the largest, if none does or none is"
        " asked for."
    )
    def url(
        self,
        width: Annotated[int | None, strawberry.argument(description="Of the box, in pixels.")] = None,
        format: Annotated[  # noqa: A002
            ImageFormat | None, strawberry.argument(description="JPEG if left out; null where there is none of it.")
        ] = None,
    ) -> URL | None:
        row: Any = self
        variant = row.best_variant(width, format)
        return variant and URL(variant.url)

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, ImageRow)


@strawberry.type(description="A film in one file: MP4, which everything plays.")
class VideoVariant:
    url: URL = strawberry.field(description="Where it is; good for a day at least. Parts of it can be asked for.")
    width: int = strawberry.field(description="In pixels.")
    height: int = strawberry.field(description="In pixels.")
    bitrate: int = strawberry.field(description="Of picture and sound together, in bits per second.")
    bytes: int = strawberry.field(description="Its size.")


@strawberry.type(
    description="A film, upright, of a minute and a half at most. Show its `poster`, then play `hlsUrl`, or one of the"
    " `variants` where there is no player for it. A moving picture (GIF, PNG or WebP) is a film without sound."
)
class Video(Media):
    duration_seconds: float | None = strawberry.field(description="How long it is.")
    has_sound: bool | None = strawberry.field(description="Whether there is anything to hear.")
    poster: Image | None = strawberry.field(
        description="A still of it: the first that is not black. It can be fetched by its own id by whoever may see the"
        " film."
    )
    hls_url: URL | None = strawberry.field(
        description="Its HLS master playlist, from which a player chooses what the connection carries: 240, 480, 720"
        " and 1080 lines, none larger than the original. Good for a day at least, with all that it names."
    )
    variants: list[VideoVariant] = strawberry.field(description="Files that play by themselves.")

    @classmethod
    def is_type_of(cls, obj: Any, _info: Any) -> bool:
        return isinstance(obj, VideoRow)
