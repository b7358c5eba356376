"""What can go wrong, typed. `services` raise these; one place in `schema` turns them into answers."""

from enum import StrEnum


class UserErrorCode(StrEnum):
    """What a person can put right."""

    INVALID = "INVALID"
    TOO_SHORT = "TOO_SHORT"
    TOO_LONG = "TOO_LONG"
    TAKEN = "TAKEN"
    NOT_FOUND = "NOT_FOUND"
    NOT_ALLOWED = "NOT_ALLOWED"
    BLOCKED = "BLOCKED"
    ALREADY_DONE = "ALREADY_DONE"
    WRONG_CREDENTIALS = "WRONG_CREDENTIALS"
    SECOND_FACTOR_REQUIRED = "SECOND_FACTOR_REQUIRED"
    WRONG_SECOND_FACTOR = "WRONG_SECOND_FACTOR"
    EXPIRED = "EXPIRED"
    UNSUPPORTED_MEDIA = "UNSUPPORTED_MEDIA"
    MEDIA_TOO_LARGE = "MEDIA_TOO_LARGE"
    MEDIA_NOT_READY = "MEDIA_NOT_READY"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    REJECTED = "REJECTED"


class RequestErrorCode(StrEnum):
    """What only a programmer or an operator can put right: `extensions.code` of a top-level error."""

    BAD_REQUEST = "BAD_REQUEST"
    BAD_ID = "BAD_ID"
    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    RATE_LIMITED = "RATE_LIMITED"
    SHARD_UNAVAILABLE = "SHARD_UNAVAILABLE"
    INTERNAL = "INTERNAL"


class UserFault(Exception):
    """A mutation refused for a reason that the person can put right. `field` is the path within the input."""

    def __init__(self, code: UserErrorCode, message: str, field: tuple[str, ...] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.field = field


class RequestFault(Exception):
    """A request refused as a whole, or a field of it."""

    def __init__(self, code: RequestErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class ShardUnavailable(RequestFault):
    """A node that the work cannot do without does not answer."""

    def __init__(self, node: int) -> None:
        super().__init__(RequestErrorCode.SHARD_UNAVAILABLE, "Part of the data is out of reach at the moment.")
        self.node = node


def not_found(what: str, *field: str) -> UserFault:
    """The one answer for what is not there and for what may not be seen."""
    return UserFault(UserErrorCode.NOT_FOUND, f"There is no such {what}.", field or None)


def unauthenticated() -> RequestFault:
    return RequestFault(RequestErrorCode.UNAUTHENTICATED, "Sign in first: send an access token.")
