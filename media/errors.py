"""What can go wrong with media, typed."""

from enum import StrEnum


class RejectionReason(StrEnum):
    """Why a file was not taken."""

    EMPTY = "EMPTY"
    NOT_A_PICTURE = "NOT_A_PICTURE"
    UNSUPPORTED_TYPE = "UNSUPPORTED_TYPE"
    WRONG_TYPE = "WRONG_TYPE"
    TOO_MANY_BYTES = "TOO_MANY_BYTES"
    TOO_MANY_PIXELS = "TOO_MANY_PIXELS"
    TOO_WIDE = "TOO_WIDE"
    TOO_HIGH = "TOO_HIGH"
    TRUNCATED = "TRUNCATED"
    DAMAGED = "DAMAGED"
    TOO_COMPLEX = "TOO_COMPLEX"
    TOO_MANY_FRAMES = "TOO_MANY_FRAMES"
    A_FILM = "A_FILM"
    TOO_LONG = "TOO_LONG"
    NOT_A_FILM = "NOT_A_FILM"
    NO_VIDEO = "NO_VIDEO"
    UNSUPPORTED_CODEC = "UNSUPPORTED_CODEC"


class MediaRejected(Exception):
    """The file itself is at fault: trying again changes nothing. `message` is a sentence for its owner."""

    def __init__(self, reason: RejectionReason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


class IsAnimated(Exception):
    """The picture is an animation, which is made into a film. Neither its fault nor ours."""


def cut_short() -> MediaRejected:
    return MediaRejected(
        RejectionReason.TRUNCATED,
        "This picture is incomplete: the end of the file is missing. Please send it again.",
    )


def damaged() -> MediaRejected:
    return MediaRejected(RejectionReason.DAMAGED, "This picture is damaged and cannot be read.")


def too_complex() -> MediaRejected:
    return MediaRejected(RejectionReason.TOO_COMPLEX, "This picture takes more work to open than a picture should.")


class MediaProcessingFailed(Exception):
    """We are at fault (a full disk, a killed process, a machine too busy): trying again may help."""


class StorageUnavailable(Exception):
    """Object storage does not answer, or refuses us: trying again may help."""


class CdnUnavailable(Exception):
    """The network of caches does not answer, or refuses us: trying again may help."""


class ObjectMissing(Exception):
    """There is no object under this key."""

    def __init__(self, key: str) -> None:
        super().__init__(f"no object {key}")
        self.key = key


class ObjectTooLarge(Exception):
    """The object has more bytes than the caller is ready to take."""


class ObjectChanged(Exception):
    """The object is no longer the one that the caller saw (its ETag differs)."""


class ObjectUnchanged(Exception):
    """The object still is the one that the caller has (its ETag is the same)."""


class MultipartGone(Exception):
    """What was sent in parts is complete, or was aborted."""


class PartsRefused(Exception):
    """The parts are not, or no longer, those that an object was to be made of."""


class RangeNotSatisfiable(Exception):
    """The range asked for lies outside the object."""
