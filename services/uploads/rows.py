"""An upload as its owner sees it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from media.keys import rendition_of
from models.global_ids import NodeKind, encode
from models.tables import MediaStatus
from services.visible import ImageRow


@dataclass(slots=True, frozen=True)
class NamedValue:
    name: str
    value: str


@dataclass(slots=True, frozen=True)
class UploadForm:
    """How to send the bytes: a multipart form to `url`, these fields first, then the file as `file`."""

    url: str
    fields: list[NamedValue]


@dataclass(slots=True, eq=False)
class UploadRow:
    """`form` is there while the file may be sent, `result` once it is READY."""

    id: int
    status: MediaStatus
    progress: float
    expires_at: datetime
    result: ImageRow | None
    captured_at: datetime | None
    camera: str | None
    failure_reason: str | None
    form: UploadForm | None = None
    headers: list[NamedValue] = field(default_factory=list)
    parts: list[Any] = field(default_factory=list)

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


def object_keys(upload: Any) -> list[str]:
    """All that lies in storage for this row of `uploads`: the original, and the variants where there are some."""
    variants = (upload["result"] or {}).get("variants", [])
    return [upload["object_key"], *(variant["key"] for variant in variants)]


def renditions(upload: Any) -> list[str]:
    """The renditions that may have been shown to somebody for this row of `uploads`."""
    return sorted({rendition for key in object_keys(upload) if (rendition := rendition_of(key))})
