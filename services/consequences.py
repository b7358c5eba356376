"""What each event causes. One row per event, one `Handler` per thing that follows from it.

To add a consequence: a row here (and the event's kind, where it is new), and the function's binding in
`workers/<family>.py`. Start-up fails where the two do not match.
"""

from dataclasses import dataclass
from enum import StrEnum


class EventKind(StrEnum):
    """What happened. Names are stored: never rename one."""

    USER_REGISTERED = "UserRegistered"
    USER_RENAMED = "UserRenamed"
    USER_SUSPENDED = "UserSuspended"
    USER_RESTORED = "UserRestored"
    UPLOAD_FINISHED = "UploadFinished"
    FILM_FINISHED = "FilmFinished"
    UPLOAD_PROCESSED = "UploadProcessed"
    UPLOAD_CANCELLED = "UploadCancelled"
    UPLOAD_REMOVED = "UploadRemoved"
    MEDIA_WITHDRAWN = "MediaWithdrawn"
    MEDIA_REWORK_ASKED = "MediaReworkAsked"
    POST_CREATED = "PostCreated"
    POST_UPDATED = "PostUpdated"
    POST_ARCHIVED = "PostArchived"
    POST_UNARCHIVED = "PostUnarchived"
    POST_DELETED = "PostDeleted"
    SHARED = "Shared"
    COMMENT_ADDED = "CommentAdded"
    COMMENT_DELETED = "CommentDeleted"
    LIKED = "Liked"
    UNLIKED = "Unliked"
    SAVED = "Saved"
    UNSAVED = "Unsaved"
    FOLLOWED = "Followed"
    UNFOLLOWED = "Unfollowed"
    ACCOUNT_OPENED = "AccountOpened"
    BLOCKED = "Blocked"
    UNBLOCKED = "Unblocked"


class Family(StrEnum):
    """Handlers that share a queue and workers, and with them a time-out."""

    FAST = "fast"
    FANOUT = "fanout"
    MEDIA = "media"
    FILM = "film"
    REWORK = "rework"


@dataclass(frozen=True, slots=True)
class Handler:
    """`name` is stored with each delivery: never rename one that has deliveries to come."""

    name: str
    family: Family


CONSEQUENCES: dict[EventKind, tuple[Handler, ...]] = {
    EventKind.USER_REGISTERED: (Handler("welcome_notification", Family.FAST), Handler("confirm_claims", Family.FAST)),
    EventKind.USER_RENAMED: (Handler("confirm_claims", Family.FAST), Handler("refresh_names", Family.FANOUT)),
    EventKind.USER_SUSPENDED: (Handler("withhold_person", Family.FANOUT),),
    EventKind.USER_RESTORED: (Handler("withhold_person", Family.FANOUT),),
    EventKind.UPLOAD_FINISHED: (Handler("process_upload", Family.MEDIA),),
    EventKind.FILM_FINISHED: (Handler("process_film", Family.FILM),),
    EventKind.UPLOAD_PROCESSED: (Handler("notify_upload", Family.FAST), Handler("discard_upload", Family.FAST)),
    EventKind.UPLOAD_CANCELLED: (Handler("discard_upload", Family.FAST),),
    EventKind.UPLOAD_REMOVED: (Handler("notify_upload", Family.FAST), Handler("remember_removed", Family.MEDIA)),
    EventKind.MEDIA_WITHDRAWN: (Handler("announce_withdrawals", Family.FAST),),
    EventKind.MEDIA_REWORK_ASKED: (Handler("rework_upload", Family.REWORK),),
    EventKind.POST_CREATED: (
        Handler("fan_out_post", Family.FANOUT),
        Handler("list_post", Family.FAST),
        Handler("named_notification", Family.FAST),
    ),
    EventKind.POST_UPDATED: (Handler("list_post", Family.FAST), Handler("named_notification", Family.FAST)),
    EventKind.POST_ARCHIVED: (Handler("withdraw_post", Family.FANOUT), Handler("list_post", Family.FAST)),
    EventKind.POST_UNARCHIVED: (Handler("fan_out_post", Family.FANOUT), Handler("list_post", Family.FAST)),
    EventKind.POST_DELETED: (Handler("withdraw_post", Family.FANOUT), Handler("list_post", Family.FAST)),
    EventKind.SHARED: (Handler("share_notification", Family.FAST),),
    EventKind.COMMENT_ADDED: (Handler("repair_comment", Family.FAST), Handler("comment_notification", Family.FAST)),
    EventKind.COMMENT_DELETED: (Handler("repair_thread", Family.FANOUT), Handler("untell_thread", Family.FANOUT)),
    EventKind.LIKED: (Handler("repair_like", Family.FAST), Handler("like_notification", Family.FAST)),
    EventKind.UNLIKED: (Handler("repair_like", Family.FAST), Handler("like_notification", Family.FAST)),
    EventKind.SAVED: (Handler("repair_save", Family.FAST),),
    EventKind.UNSAVED: (Handler("repair_save", Family.FAST),),
    EventKind.FOLLOWED: (
        Handler("repair_follow", Family.FAST),
        Handler("follow_notification", Family.FAST),
        Handler("refresh_followed", Family.FAST),
    ),
    EventKind.UNFOLLOWED: (
        Handler("repair_follow", Family.FAST),
        Handler("follow_notification", Family.FAST),
        Handler("refresh_followed", Family.FAST),
    ),
    EventKind.ACCOUNT_OPENED: (Handler("accept_waiting", Family.FANOUT),),
    EventKind.BLOCKED: (Handler("repair_block", Family.FAST), Handler("withhold_pair", Family.FANOUT)),
    EventKind.UNBLOCKED: (Handler("repair_block", Family.FAST), Handler("withhold_pair", Family.FANOUT)),
}


LANES = {"fan_out_post": "author_id"}
"""Handlers of which one delivery at a time goes to the queue for each value of a part of the payload, since the one
takes the others along: so a burst of one holds no places that others need."""

WEIGHTS = {"process_upload": "byte_size", "process_film": "byte_size", "rework_upload": "byte_size"}
"""Handlers of which small work goes before large, and the part of the payload that says how large it is, in bytes."""


def handler_names(kind: EventKind) -> list[str]:
    """The handlers of an event. Raises LookupError for one that has none: such an event would be lost."""
    handlers = CONSEQUENCES.get(kind, ())
    if not handlers:
        raise LookupError(f"{kind} has no handler in services/consequences.py")
    return [handler.name for handler in handlers]


def families() -> dict[str, Family]:
    """The family of each handler, by name. Raises ValueError where one handler is put into two families."""
    found: dict[str, Family] = {}
    for handler in (handler for handlers in CONSEQUENCES.values() for handler in handlers):
        if found.setdefault(handler.name, handler.family) is not handler.family:
            raise ValueError(f"{handler.name} is in two families: {found[handler.name]} and {handler.family}")
    return found
