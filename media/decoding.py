"""What strangers sent, as pixels."""

from pathlib import Path
from typing import Any

from media.errors import MediaRejected, cut_short, damaged, too_complex
from media.vips import UNBOUNDED, pyvips

_TOO_MUCH = ("out of memory", "insufficient memory", "unable to allocate", "too many scans", "too large")


def decode(source: Path, _mime: str, width: int) -> Any:
    """The picture upright, in 8-bit sRGB with alpha only if some of it is transparent, `width` pixels wide or as wide
    as it is. `mime` is what the probe found it to be. Raises MediaRejected.

    Read once, from front to back; a JPEG is shrunk while it is decoded. Held in memory.
    """
    try:
        image = pyvips.Image.thumbnail(
            str(source), width, height=UNBOUNDED, size="down", export_profile="srgb", fail_on="error"
        ).copy_memory()
    except pyvips.Error as error:
        raise _rejection(str(error).lower()) from error
    if image.hasalpha() and image[image.bands - 1].min() == 255:
        image = image[: image.bands - 1]
    return image


def _rejection(error: str) -> MediaRejected:
    if "premature end" in error:  # of a JPEG; the other formats have shown their end to the probe
        return cut_short()
    if any(sign in error for sign in _TOO_MUCH):
        return too_complex()
    return damaged()
