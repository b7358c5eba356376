"""Whether what was uploaded may be shown, as the jobs ask that make pictures and films of it.

The same file and the same picture decide the same each time, so a job that died may ask again.
"""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from media.judging.likeness import COMPARABLE
from media.pictures import ImageFormat, Variant
from services.backend import Backend
from services.moderation.known import KnownPictures, file_hash
from services.uploads.rows import is_film

WIDEST = 640
"""Pixels of the picture that is looked at: larger shows no more to a model of 224, nor to a hash of 64."""

REMOVED_BEFORE = "This was removed by a moderator before, and may not be shown again."
NUDITY = "This seems to show nudity, which may not be shown here."


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was let in: the highest score of its pictures, None where they are not scored, and whether it waits for a
    moderator."""

    nudity: float | None = None
    is_held: bool = False


class Refused(Exception):
    """It may not be shown. `reason` is a sentence for its owner, `nudity` the score where that was it."""

    def __init__(self, reason: str, nudity: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.nudity = nudity


async def judge_file(backend: Backend, original: Path) -> bytes:
    """Before anything is made of it. Its SHA-256. Raises Refused for the very bytes that were removed, and
    ShardUnavailable."""
    sha256 = await asyncio.to_thread(file_hash, original)
    if await KnownPictures.of(backend).has_file(backend, sha256):
        raise Refused(REMOVED_BEFORE)
    return sha256


async def judge(backend: Backend, pictures: Sequence[Path]) -> Verdict:
    """By pictures that were made of it, JPEG files. Raises Refused, MediaProcessingFailed and ShardUnavailable."""
    settings = backend.settings
    seen = await backend.examiner.look(pictures, is_scored=settings.nudity_check)
    comparable = [one for picture in seen if picture.quality >= COMPARABLE for one in picture.packed]
    if comparable and await KnownPictures.of(backend).has_alike(backend, comparable):
        raise Refused(REMOVED_BEFORE)
    nudity = max((one.nudity for one in seen if one.nudity is not None), default=None)
    if nudity is not None and nudity > settings.nudity_reject_above:
        raise Refused(NUDITY, nudity)
    return Verdict(nudity, is_held=nudity is not None and nudity > settings.nudity_hold_above)


def judged_of(variants: Iterable[Variant]) -> Path:
    """The file to judge a picture or a poster by."""
    paths = {one.width: one.path for one in variants if one.format is ImageFormat.JPEG and not one.is_square}
    return paths[_judged_width(paths)]


def judged_key_of(inline: dict[str, Any]) -> str:
    """The same of what `uploads.result` holds: its key in storage."""
    variants = inline["poster"]["variants"] if is_film(inline) else inline["variants"]
    keys = {one["width"]: one["key"] for one in variants if one["format"] == "JPEG" and not one.get("square")}
    return str(keys[_judged_width(keys)])


def _judged_width(widths: Iterable[int]) -> int:
    ascending = sorted(widths)
    return max((width for width in ascending if width <= WIDEST), default=ascending[0])
