"""What a notification says, in a sentence."""

from collections.abc import Mapping, Sequence
from typing import Any

from models.global_ids import NodeKind
from models.tables import MediaStatus, NotificationKind

_ACTS: dict[NotificationKind, str] = {
    NotificationKind.LIKE: "liked your post.",
    NotificationKind.COMMENT: "commented on your post.",
    NotificationKind.REPLY: "replied to your comment.",
    NotificationKind.COMMENT_LIKE: "liked your comment.",
    NotificationKind.FOLLOW: "started following you.",
    NotificationKind.FOLLOW_REQUEST: "asks to follow you.",
    NotificationKind.FOLLOW_ACCEPTED: "accepted your follow request.",
    NotificationKind.MENTION: "mentioned you in a post.",
    NotificationKind.TAG: "tagged you in a post.",
    NotificationKind.SHARE: "shared a post with you.",
}
_ACTS_OF_MANY: dict[NotificationKind, str] = {NotificationKind.FOLLOW_REQUEST: "ask to follow you."}
"""Where it is another sentence when more than one did it."""
_UPLOADED: dict[str | None, str] = {"IMAGE": "picture", "VIDEO": "video"}
_UPLOAD_CAME_TO: dict[NotificationKind, str] = {
    NotificationKind.MEDIA_READY: "Your {what} is ready.",
    NotificationKind.MEDIA_FAILED: "Your upload could not be used. {reason}",
    NotificationKind.MODERATION: "Your {what} may not be shown. {reason}",
}
_WAITS = "Your {what} waits for a moderator, who looks at it before it can be used."
_GREETING = "Welcome to Heliograph! Share your first picture, or find people to follow."


def is_about_people(kind: NotificationKind) -> bool:
    """Whether somebody did it, so that without anybody to name there is nothing to say."""
    return kind in _ACTS


def who(names: Sequence[str], count: int) -> str:
    """The first of the names and how many others there are. `names` holds at least one, and two where `count` is 2."""
    if count <= 1:
        return names[0]
    if count == 2 and len(names) >= 2:
        return f"{names[0]} and {names[1]}"
    others = count - 1
    return f"{names[0]} and {others} other{'s' if others > 1 else ''}"


def sentence(
    kind: NotificationKind,
    names: Sequence[str],
    count: int,
    details: Mapping[str, Any],
    subject_kind: NodeKind | None = None,
) -> str:
    """`names` are of those of its actors who may be seen, newest first; `count` is how many did it.

    Raises LookupError for a kind that nobody is told of yet.
    """
    if kind is NotificationKind.MENTION and subject_kind is NodeKind.COMMENT:
        return f"{who(names, count)} mentioned you in a comment."
    if kind in _ACTS:
        act = _ACTS_OF_MANY.get(kind, _ACTS[kind]) if count > 1 else _ACTS[kind]
        return f"{who(names, count)} {act}"
    if kind is NotificationKind.WELCOME:
        return _GREETING
    if kind in _UPLOAD_CAME_TO:
        what = _UPLOADED.get(details.get("media"), "upload")
        end = _WAITS if details.get("status") == MediaStatus.HELD else _UPLOAD_CAME_TO[kind]
        return end.format(what=what, reason=details.get("failure_reason") or "").rstrip()
    raise LookupError(f"there is no sentence for {kind}")
