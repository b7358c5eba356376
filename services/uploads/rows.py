"""An upload as its owner sees it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from media.keys import rendition_of, split_key
from models.global_ids import NodeKind, encode
from models.tables import MediaStatus
from services.visible import MediaRow


@dataclass(slots=True, frozen=True)
class NamedValue:
    name: str
    value: str


@dataclass(slots=True, frozen=True)
class UploadForm:
    """How to send the bytes: a multipart form to `url`, these fields first, then the file as `file`."""

    url: str
    fields: list[NamedValue]


@dataclass(slots=True, frozen=True)
class InParts:
    """How a file is sent in parts: what `services.uploads.parts` asks the storage by."""

    object_key: str
    multipart_id: str
    byte_size: int
    part_size: int
    expires_at: datetime


@dataclass(slots=True, eq=False)
class UploadRow:
    """`form` or `in_parts` is there while the file may be sent, `result` once it is READY."""

    id: int
    status: MediaStatus
    progress: float
    expires_at: datetime
    result: MediaRow | None
    captured_at: datetime | None
    camera: str | None
    failure_reason: str | None
    form: UploadForm | None = None
    in_parts: InParts | None = None
    headers: list[NamedValue] = field(default_factory=list)

    @property
    def global_id(self) -> str:
        return encode(NodeKind.UPLOAD, self.id)

    @property
    def url(self) -> str | None:
        return self.form.url if self.form else None

    @property
    def method(self) -> str | None:
        return "POST" if self.form else None

    @property
    def form_fields(self) -> list[NamedValue]:
        return self.form.fields if self.form else []


def is_film(inline: dict[str, Any]) -> bool:
    """Whether what `uploads.result` or an item of `posts.media` holds is a film; else it is a picture."""
    return inline.get("kind") == "VIDEO"


def keys_of(inline: dict[str, Any]) -> list[str]:
    """All that lies in storage for what `uploads.result`, an item of `posts.media` or `users.avatar` holds, each once:
    of a picture its variants; of a film its master playlist, its files of every rendition, and its poster's variants.
    """
    keys = [variant["key"] for variant in inline.get("variants", ())]
    if is_film(inline):
        keys += [inline["hls"], *inline["files"], *(variant["key"] for variant in inline["poster"]["variants"])]
    return list(dict.fromkeys(keys))


def object_keys(upload: Any) -> list[str]:
    """All that lies in storage for this row of `uploads`: the original, and what was made of it."""
    return [upload["object_key"], *keys_of(upload["result"] or {})]


def renditions_of(keys: Iterable[str]) -> list[str]:
    """The renditions that served keys belong to, each once. Originals have none."""
    return sorted({rendition for key in keys if (rendition := rendition_of(key))})


def object_name(key: str) -> str:
    """What an object is called among those of its rendition; empty for an original."""
    _, name = split_key(key) or ("", "")
    return name


def renditions(upload: Any) -> list[str]:
    """The renditions that may have been shown to somebody for this row of `uploads`."""
    return renditions_of(object_keys(upload))
