"""What a post may say and show: the limits that hold when it is made and when it is changed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from core.errors import UserErrorCode, UserFault, not_found
from services.backend import Backend
from services.seen import all_users
from services.text import checked_text
from services.visible import MediaLinks

MOST_MEDIA = 20
MOST_TAGS = 20
"""On one picture or film."""
LONGEST_CAPTION = 2200
LONGEST_ALT_TEXT = 1000


@dataclass(frozen=True, slots=True)
class NewTag:
    """A person on a picture or in a film; `x` and `y` from 0 to 1, from the top left."""

    user_id: int
    x: float
    y: float


def checked_caption(text: str) -> str:
    """Raises UserFault: TOO_LONG or INVALID."""
    return checked_text(text, "caption", limit=LONGEST_CAPTION, multiline=True)


def checked_alt_text(text: str, *path: str) -> str:
    """Raises UserFault: TOO_LONG or INVALID."""
    return checked_text(text, *path, "altText", limit=LONGEST_ALT_TEXT, multiline=True)


async def check_tags(
    backend: Backend, links: MediaLinks, author_id: int, tags_of_media: Sequence[Sequence[NewTag]]
) -> None:
    """The tags of each picture or film, in their order. Raises UserFault: TOO_LONG, INVALID, or NOT_FOUND for
    somebody whom the author may not see; and ShardUnavailable."""
    for place, tags in enumerate(tags_of_media):
        if len(tags) > MOST_TAGS:
            path = ("media", str(place), "userTags")
            raise UserFault(UserErrorCode.TOO_LONG, f"Tag {MOST_TAGS} people at most.", path)
    people = await all_users(backend, links, author_id, {tag.user_id for tags in tags_of_media for tag in tags})
    for place, tags in enumerate(tags_of_media):
        tagged: set[int] = set()
        for number, tag in enumerate(tags):
            position = ("media", str(place), "userTags", str(number))
            if tag.user_id not in people:
                raise not_found("person", *position, "userId")
            if tag.user_id in tagged:
                raise UserFault(UserErrorCode.INVALID, "This person is tagged twice.", (*position, "userId"))
            _check_position(tag, position)
            tagged.add(tag.user_id)


def _check_position(tag: NewTag, path: tuple[str, ...]) -> None:
    for name, value in (("x", tag.x), ("y", tag.y)):
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise UserFault(UserErrorCode.INVALID, "This lies between 0 and 1.", (*path, name))
