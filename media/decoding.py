"""What strangers sent, as pixels."""

import mmap
from pathlib import Path
from typing import Any

import pillow_heif
from pillow_heif import options

from media.colours import to_srgb
from media.containers import HEIFS
from media.errors import MediaRejected, cut_short, damaged, too_complex
from media.heif import Heif, look_at_heif
from media.vips import UNBOUNDED, pyvips

# A process for each core is worth more than threads, which each want address space; of several pictures in a file one
# is shown.
options.DECODE_THREADS = 1
options.THUMBNAILS = options.DEPTH_IMAGES = options.AUX_IMAGES = False

# Modes of pillow-heif: "RGB", "RGBa" where what is transparent has been multiplied in, "I;16" for grey of 16 bits.
_BANDS = {"L": 1, "I": 1, "LA": 2, "La": 2, "RGB": 3, "RGBA": 4, "RGBa": 4}
_GREY = {"uchar": "b-w", "ushort": "grey16"}
_COLOURED = {"uchar": "srgb", "ushort": "rgb16"}
_TOO_MUCH = (
    "out of memory",
    "insufficient memory",
    "unable to allocate",
    "memory allocation",
    "security limit",
    "too many scans",
    "too large",
)


def decode(source: Path, mime: str, width: int) -> Any:
    """The picture upright, in 8-bit sRGB with alpha only if some of it is transparent, `width` pixels wide or as wide
    as it is. `mime` is what the probe found it to be. Raises MediaRejected.

    Read once, from front to back; a JPEG is shrunk while it is decoded. Held in memory.
    """
    try:
        image = (_decode_heif if mime in HEIFS else _decode)(source, width)
    except pyvips.Error as error:
        raise _rejection(str(error).lower()) from error
    if image.hasalpha() and image[image.bands - 1].min() == 255:
        image = image[: image.bands - 1]
    return image


def _decode(source: Path, width: int) -> Any:
    return pyvips.Image.thumbnail(
        str(source), width, height=UNBOUNDED, size="down", export_profile="srgb", fail_on="error"
    ).copy_memory()


def _decode_heif(source: Path, width: int) -> Any:
    """HEIC by pillow-heif, since the libheif in libvips' wheels has no HEVC; AVIF by libvips. Either turns it upright,
    by its boxes alone: what EXIF says of orientation counts for nothing in these files."""
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        look = look_at_heif(data)
    if look.codec == "HEVC":
        image = _decode_hevc(source)
    else:
        # Not `thumbnail` with the file, which takes a small picture out of it where it holds one.
        image = pyvips.Image.new_from_file(str(source), access="sequential", fail_on="error")
    _check_claims(image, look)
    profile = image.get("icc-profile-data") if image.get_typeof("icc-profile-data") else None
    made = image.thumbnail_image(width, height=UNBOUNDED, size="down", export_profile="srgb", no_rotate=True)
    made = made.copy_memory()
    return to_srgb(made, look.nclx).copy_memory() if profile is None and look.nclx is not None else made


def _decode_hevc(source: Path) -> Any:
    try:
        picture = pillow_heif.open_heif(source.read_bytes(), convert_hdr_to_8bit=True)
        (width, height), mode, pixels = picture.size, picture.mode, picture.data
    except (ValueError, RuntimeError, EOFError, SyntaxError, OSError, IndexError) as error:
        raise _rejection(str(error).lower()) from error
    name, _, depth = mode.partition(";")
    bands, kind = _BANDS[name], "ushort" if depth else "uchar"
    image = pyvips.Image.new_from_memory(pixels, width, height, bands, kind)
    image = image.copy(
        interpretation=("grey16" if depth else "b-w") if bands in _GREY else "rgb16" if depth else "srgb"
    )
    if name.endswith("a"):
        image = image.unpremultiply().cast(kind)
    if profile := picture.info.get("icc_profile"):
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


def _check_claims(image: Any, look: Heif) -> None:
    """A file whose pixels are of another size than it said has not been judged by what it is."""
    if abs(image.width - look.width) > 1 or abs(image.height - look.height) > 1:
        raise damaged()


def _rejection(error: str) -> MediaRejected:
    if "premature end" in error:  # of a JPEG; the other formats have shown their end to the probe
        return cut_short()
    if any(sign in error for sign in _TOO_MUCH):
        return too_complex()
    return damaged()
