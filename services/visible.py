"""Rows that a viewer may see. Only `services.visibility` makes them, so what holds one needs no further question."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from media.keys import split_key
from media.pictures import ImageFormat
from media.signing import CachePolicy, Grant, MediaSigner
from models.global_ids import NodeKind, encode, encode_shortcode
from models.ids import created_at
from models.tables import MediaStatus, ReportReason, ReportStatus


@dataclass(slots=True, frozen=True)
class MediaLinks:
    """Makes the URLs of media for one request: `base` is where the client reaches this server."""

    signer: MediaSigner
    base: str = ""

    def url(self, key: str, grant: Grant) -> str:
        return self.base + self.signer.sign(key, grant)

    def stream_url(self, key: str, grant: Grant) -> str:
        """Of the playlist under this key, whose relative names work from there. Raises ValueError for a key that is
        none of a rendition."""
        found = split_key(key)
        if found is None:
            raise ValueError(f"{key} is not served")
        return self.base + self.signer.sign_stream(*found, grant)


@dataclass(slots=True, eq=False)
class VariantRow:
    """A picture of one width and format. `format` is JPEG, WEBP or AVIF; `is_square` for what was cut to be so."""

    key: str
    width: int
    height: int
    format: str
    bytes: int
    grant: Grant
    links: MediaLinks
    is_square: bool = False

    @property
    def url(self) -> str:
        return self.links.url(self.key, self.grant)


@dataclass(slots=True, eq=False)
class TagRow:
    """A person on a picture or in a film; `x` and `y` from 0 to 1, from the top left."""

    user_id: int
    x: float
    y: float


@dataclass(slots=True, eq=False)
class ImageRow:
    """An image that is ready, as it stands inline in a post or an upload."""

    id: int
    width: int
    height: int
    blurhash: str | None
    alt_text: str | None
    variants: list[VariantRow]
    tagged_users: Sequence[TagRow] = ()
    status: MediaStatus = MediaStatus.READY

    @property
    def global_id(self) -> str:
        return encode(NodeKind.IMAGE, self.id)

    def best_variant(self, width: int | None, image_format: str | None) -> VariantRow | None:
        """The smallest that fills a box this many pixels wide, else the largest: in the format asked for, of which
        there may be none; in JPEG, which everything shows, where none is asked for. Not the square one, which shows
        a part of the picture."""
        wanted = image_format or ImageFormat.JPEG
        fitting = sorted(
            (v for v in self.variants if v.format == wanted and not v.is_square), key=lambda variant: variant.width
        )
        if not fitting:
            return None
        return next((v for v in fitting if width is not None and v.width >= width), fitting[-1])


@dataclass(slots=True, eq=False)
class VideoVariantRow:
    """A film in one file, to be played by itself. `bitrate` in bits per second."""

    key: str
    width: int
    height: int
    bitrate: int
    bytes: int
    grant: Grant
    links: MediaLinks

    @property
    def url(self) -> str:
        return self.links.url(self.key, self.grant)


@dataclass(slots=True, eq=False)
class VideoRow:
    """A film that is ready, as it stands inline in a post or an upload. `hls_key` is that of its master playlist."""

    id: int
    width: int
    height: int
    blurhash: str | None
    alt_text: str | None
    duration_seconds: float
    has_sound: bool
    poster_inline: dict[str, Any]
    hls_key: str
    variants: list[VideoVariantRow]
    grant: Grant
    links: MediaLinks
    tagged_users: Sequence[TagRow] = ()
    status: MediaStatus = MediaStatus.READY

    @property
    def global_id(self) -> str:
        return encode(NodeKind.VIDEO, self.id)

    @property
    def poster(self) -> ImageRow:
        """An image of the film's number: one upload makes a picture or a film, so no other image has it. Who is on it
        is said by the film."""
        about = {"id": self.id, "blurhash": self.blurhash, "alt_text": self.alt_text}
        return image_row(self.poster_inline | about, self.grant, self.links)

    @property
    def hls_url(self) -> str:
        return self.links.stream_url(self.hls_key, self.grant)


MediaRow = ImageRow | VideoRow


def media_row(inline: dict[str, Any], grant: Grant, links: MediaLinks) -> MediaRow:
    """From the JSON that `uploads.result` and `posts.media` hold. Of the grant see `image_row`."""
    return video_row(inline, grant, links) if inline.get("kind") == "VIDEO" else image_row(inline, grant, links)


def still_of(media: MediaRow) -> ImageRow:
    """What stands for it where there is place for a picture alone."""
    return media.poster if isinstance(media, VideoRow) else media


def video_row(inline: dict[str, Any], grant: Grant, links: MediaLinks) -> VideoRow:
    variants = [
        VideoVariantRow(v["key"], v["width"], v["height"], v["bitrate"], v["bytes"], grant, links)
        for v in inline["variants"]
    ]
    return VideoRow(
        inline["id"],
        inline["width"],
        inline["height"],
        inline["blurhash"],
        inline.get("alt_text"),
        inline["duration"],
        inline["has_sound"],
        inline["poster"],
        inline["hls"],
        variants,
        grant,
        links,
        _tag_rows(inline),
    )


def image_row(inline: dict[str, Any], grant: Grant, links: MediaLinks) -> ImageRow:
    """From the JSON that `uploads.result`, `posts.media` and `users.avatar` hold of a picture.

    The grant's policy is PUBLIC for what anybody may see: shared caches may keep it then. What its epoch is, see
    `services/withdrawals.py`.
    """
    variants = [
        VariantRow(v["key"], v["width"], v["height"], v["format"], v["bytes"], grant, links, v.get("square", False))
        for v in inline["variants"]
    ]
    return ImageRow(
        inline["id"],
        inline["width"],
        inline["height"],
        inline.get("blurhash"),
        inline.get("alt_text"),
        variants,
        _tag_rows(inline),
    )


def _tag_rows(inline: dict[str, Any]) -> list[TagRow]:
    return [TagRow(tag["user_id"], tag["x"], tag["y"]) for tag in inline.get("tags", ())]


@dataclass(slots=True, eq=False)
class VisibleUser:
    id: int
    username: str
    full_name: str
    bio: str
    website: str | None
    pronouns: str | None
    avatar_inline: dict[str, Any] | None
    is_private: bool
    is_verified: bool
    name_version: int
    media_floor: int
    links: MediaLinks

    @property
    def global_id(self) -> str:
        return encode(NodeKind.USER, self.id)

    @property
    def created_at(self) -> datetime:
        return created_at(self.id)

    @property
    def avatar(self) -> ImageRow | None:
        if self.avatar_inline is None:
            return None
        return image_row(self.avatar_inline, Grant(self.id, self.media_floor, CachePolicy.AVATAR), self.links)


@dataclass(slots=True, eq=False)
class HashtagRow:
    """There for everyone: it is a word. What is posted under it is asked for itself."""

    id: int
    name: str

    @property
    def global_id(self) -> str:
        return encode(NodeKind.HASHTAG, self.id)


@dataclass(slots=True, eq=False)
class PlaceRow:
    """There for everyone, as a hashtag is. `latitude` and `longitude` in degrees."""

    id: int
    name: str
    latitude: float
    longitude: float

    @property
    def global_id(self) -> str:
        return encode(NodeKind.PLACE, self.id)


@dataclass(slots=True, eq=False)
class LinkRow:
    url: str


@dataclass(slots=True, eq=False)
class EntityRow:
    """A part of a text, in code points: a mention where `user_id` is set (who may not be there for the viewer), else
    what is in `names`."""

    start: int
    end: int
    user_id: int | None = None
    names: HashtagRow | LinkRow | None = None


def entity_rows(stored: Iterable[dict[str, Any]]) -> list[EntityRow]:
    """From the JSON that `posts.entities` and `comments.entities` hold."""
    return [_entity_row(one) for one in stored]


def _entity_row(stored: dict[str, Any]) -> EntityRow:
    start, end = stored["start"], stored["end"]
    if stored["kind"] == "MENTION":
        return EntityRow(start, end, user_id=stored["user_id"])
    names = HashtagRow(stored["hashtag_id"], stored["name"]) if stored["kind"] == "HASHTAG" else LinkRow(stored["url"])
    return EntityRow(start, end, names=names)


@dataclass(slots=True, eq=False)
class VisiblePost:
    """`follow_state` is the viewer's follow of the author: what the author's shard said in the same statement."""

    id: int
    author: VisibleUser
    kind: str
    caption: str
    caption_entities: list[EntityRow]
    hashtags: list[HashtagRow]
    media: list[MediaRow]
    place: PlaceRow | None
    state: str
    edited_at: datetime | None
    pinned_at: datetime | None
    comments_enabled: bool
    like_count_hidden: bool
    like_count: int
    comment_count: int
    share_count: int
    total_save_count: int
    viewer_has_liked: bool
    viewer_has_saved: bool
    viewer_is_author: bool
    viewer_can_comment: bool
    follow_state: str | None
    follow_since: datetime | None

    @property
    def global_id(self) -> str:
        return encode(NodeKind.POST, self.id)

    @property
    def shortcode(self) -> str:
        return encode_shortcode(self.id)

    @property
    def created_at(self) -> datetime:
        return created_at(self.id)

    @property
    def is_pinned(self) -> bool:
        return self.pinned_at is not None

    @property
    def viewer_can_edit(self) -> bool:
        return self.viewer_is_author

    @property
    def save_count(self) -> int | None:
        """The author's alone."""
        return self.total_save_count if self.viewer_is_author else None


@dataclass(slots=True, eq=False)
class VisibleComment:
    id: int
    post: VisiblePost
    author_id: int
    author: VisibleUser | None
    parent_id: int | None
    text: str
    entities: list[EntityRow]
    is_pinned: bool
    like_count: int
    reply_count: int
    viewer_has_liked: bool
    viewer_can_delete: bool

    @property
    def global_id(self) -> str:
        return encode(NodeKind.COMMENT, self.id)

    @property
    def created_at(self) -> datetime:
        return created_at(self.id)


@dataclass(slots=True, eq=False)
class VisibleCollection:
    """`cover_post_id` is what its owner chose, if that is in it: whether it may be seen is asked for itself."""

    id: int
    name: str
    cover_post_id: int | None
    post_count: int

    @property
    def global_id(self) -> str:
        return encode(NodeKind.COLLECTION, self.id)


@dataclass(slots=True, eq=False)
class VisibleReport:
    """What is reported may not be seen any more, and is asked for itself."""

    id: int
    subject_kind: NodeKind
    subject_id: int
    reason: ReportReason
    details: str | None
    status: ReportStatus

    @property
    def global_id(self) -> str:
        return encode(NodeKind.REPORT, self.id)

    @property
    def created_at(self) -> datetime:
        return created_at(self.id)
