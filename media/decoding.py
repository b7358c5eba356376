"""What strangers sent, as pixels."""

import mmap
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import _avif
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

# Of the modes of Pillow and pillow-heif; those with a small a have been multiplied by what is transparent.
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
        image = (_decode_boxes if mime in HEIFS else _decode)(source, width)
    except pyvips.Error as error:
        raise _rejection(str(error).lower()) from error
    if image.hasalpha() and image[image.bands - 1].min() == 255:
        image = image[: image.bands - 1]
    return image


def _decode(source: Path, width: int) -> Any:
    header = pyvips.Image.new_from_file(str(source), access="sequential")
    made = pyvips.Image.thumbnail(
        str(source), width, height=UNBOUNDED, size="down", fail_on="error", **_exporting(header)
    )
    return made.colourspace("srgb").copy_memory()


def _exporting(image: Any) -> dict[str, str]:
    """How its colours are brought to sRGB. Without a profile they are those of sRGB already, but of CMYK; to send them
    through profiles all the same would take longer than to decode them."""
    has_profile = image.get_typeof("icc-profile-data") != 0
    return {"export_profile": "srgb"} if has_profile or image.interpretation == "cmyk" else {}


def _decode_boxes(source: Path, width: int) -> Any:
    """HEIC by pillow-heif and AVIF by Pillow: the libheif in the wheels of libvips has no HEVC, and would take more
    memory than there is for an AVIF of 100 megapixels. What is to be turned is said by boxes: what EXIF says of it
    counts for nothing in these files."""
    with source.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        look = look_at_heif(data)
    try:
        image = (_decode_hevc if look.codec == "HEVC" else _decode_av1)(source, look)
    except (ValueError, RuntimeError, EOFError, SyntaxError, OSError, IndexError) as error:
        raise _rejection(str(error).lower()) from error
    made = image.thumbnail_image(width, height=UNBOUNDED, size="down", **_exporting(image))
    made = made.colourspace("srgb").copy_memory()
    has_profile = image.get_typeof("icc-profile-data") != 0
    return made if has_profile or look.nclx is None else to_srgb(made, look.nclx).copy_memory()


def _decode_hevc(source: Path, look: Heif) -> Any:
    """It comes cut out and upright."""
    picture = pillow_heif.open_heif(source, convert_hdr_to_8bit=True)
    pixels = picture.data
    name, _, depth = picture.mode.partition(";")
    _check_claims(picture.size, (look.width, look.height))
    image = _image(pixels, picture.size, name, picture.info.get("icc_profile"), is_deep=bool(depth))
    return image.unpremultiply().cast(image.format) if name.endswith("a") else image


def _decode_av1(source: Path, look: Heif) -> Any:
    """It comes as it is coded, and says how it is to be turned. A film in the same file, which libavif decodes instead
    where the first brand is not this one, has not been looked at."""
    data = source.read_bytes()
    decoder = _avif.AvifDecoder(b"".join((data[:8], b"avif", data[12:])), "dav1d", 1)
    size, _, mode, profile, _, orientation, _ = decoder.get_info()
    image = _image(decoder.get_frame(0)[0], size, mode, profile)
    if look.crop is not None:
        image = image.crop(*look.crop)
    upright = (image.height, image.width) if orientation >= 5 else (image.width, image.height)
    _check_claims(upright, (look.width, look.height))
    image.set_type(pyvips.GValue.gint_type, "orientation", orientation)
    return image


def _image(pixels: Any, size: tuple[int, int], mode: str, profile: bytes | None, *, is_deep: bool = False) -> Any:
    bands, kind = _BANDS[mode], "ushort" if is_deep else "uchar"
    if len(pixels) != size[0] * size[1] * bands * (1 + is_deep):
        raise damaged()
    image = pyvips.Image.new_from_memory(pixels, *size, bands, kind)
    image = image.copy(interpretation=_GREY[kind] if bands <= 2 else _COLOURED[kind])
    if profile:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
    return image


def _check_claims(size: tuple[int, int], claimed: tuple[int, int]) -> None:
    """A file whose pixels are of another size than it said was not judged by what it is."""
    if abs(size[0] - claimed[0]) > 1 or abs(size[1] - claimed[1]) > 1:
        raise damaged()


def _rejection(error: str) -> MediaRejected:
    if "premature end" in error:  # of a JPEG; the other formats have shown their end to the probe
        return cut_short()
    if any(sign in error for sign in _TOO_MUCH):
        return too_complex()
    return damaged()
