"""What the owner of a film reads where it cannot be taken."""

from media.errors import MediaRejected, RejectionReason

TAKEN = "MP4, MOV and WebM videos with H.264, HEVC, VP9 or AV1 can be posted."


def not_a_film() -> MediaRejected:
    return MediaRejected(RejectionReason.NOT_A_FILM, f"This file is not a video. {TAKEN}")


def wrong_codec(name: str) -> MediaRejected:
    return MediaRejected(RejectionReason.UNSUPPORTED_CODEC, f"This video is coded as {name}. {TAKEN}")


def wrong_sound(name: str) -> MediaRejected:
    return MediaRejected(
        RejectionReason.UNSUPPORTED_CODEC, f"The sound of this video is coded as {name}, which cannot be posted."
    )


def no_picture() -> MediaRejected:
    return MediaRejected(RejectionReason.NO_VIDEO, "This file has no moving picture, only sound or text.")


def film_cut_short() -> MediaRejected:
    return MediaRejected(
        RejectionReason.TRUNCATED, "This video is incomplete: the end of the file is missing. Please send it again."
    )


def film_damaged() -> MediaRejected:
    return MediaRejected(RejectionReason.DAMAGED, "This video is damaged and cannot be read.")


def film_too_complex() -> MediaRejected:
    return MediaRejected(RejectionReason.TOO_COMPLEX, "This video takes more work to open than a video should.")


def too_long(seconds: float, most: float) -> MediaRejected:
    said = f"{seconds:,.0f} seconds" if seconds < 1e7 else f"{seconds:.0e} seconds"
    return MediaRejected(
        RejectionReason.TOO_LONG, f"This video lasts {said}; the longest that can be posted here is {most:.4g} seconds."
    )


def too_many_bytes(size: int, most: int) -> MediaRejected:
    return MediaRejected(
        RejectionReason.TOO_MANY_BYTES,
        f"This video has {size / 2**20:.1f} MB; the most that can be posted is {most / 2**20:.4g} MB.",
    )


def too_large(width: int, height: int, most: int) -> MediaRejected:
    return MediaRejected(
        RejectionReason.TOO_MANY_PIXELS,
        f"This video is {width:,} × {height:,} pixels; the longer side may have {most:,}.",
    )


def too_fast(rate: float, most: float) -> MediaRejected:
    return MediaRejected(
        RejectionReason.TOO_COMPLEX,
        f"This video shows {rate:,.0f} pictures per second; the most that can be posted is {most:.4g}.",
    )


def too_many_pixels_in_all(width: int, height: int, frames: int) -> MediaRejected:
    return MediaRejected(
        RejectionReason.TOO_COMPLEX,
        f"This video has {frames:,} pictures of {width:,} × {height:,} pixels, which is too much: make it smaller, or"
        " show fewer pictures per second.",
    )


def too_many_frames(frames: int, most: int) -> MediaRejected:
    return MediaRejected(
        RejectionReason.TOO_COMPLEX, f"This animation has {frames:,} frames; the most that can be posted is {most:,}."
    )
