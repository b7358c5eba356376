"""A picture in, pictures out: decoded once, the small derived from the large."""

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import blurhash
from PIL import Image as PillowImage

from media.decoding import decode
from media.keys import variant_name
from media.pictures import FORMATS, ImageFormat, Probed, Rendered, Source, Variant, square_side, variant_widths
from media.recipe import PLAIN, Recipe
from media.vips import UNBOUNDED

_JPEG: dict[str, Any] = {"Q": 85, "optimize_coding": True}
# Effort 2 takes less than half the time of the default 4 for files about 5 % larger.
_WEBP: dict[str, Any] = {"Q": 80, "effort": 2}
# Speed 9 takes as long as JPEG and WebP together; 8 takes three times as long for files 8 % smaller. At 55 a picture is
# about as true as a WebP at 80, and a quarter smaller. More threads would cost more in all, and memory.
_AVIF: dict[str, Any] = {"quality": 55, "speed": 9, "max_threads": 1, "subsampling": "4:2:0"}
_BLURHASH_SIDE = 32


def render(
    source: Path,
    out_dir: Path,
    probed: Probed,
    _recipe: Recipe = PLAIN,
    *,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Rendered:
    """Write what `planned_variants` says of `source` into `out_dir`; of an animation, of its first frame.

    Each is upright, in sRGB, 8 bits, without metadata. `on_progress` is told 0..1 after each step. Raises
    MediaRejected where the pixels cannot be decoded.
    """
    widths, side = variant_widths(probed.width), square_side(probed.width, probed.height)
    steps = 1 + len(FORMATS) * (len(widths) + (side is not None))
    decoded = decode(source, probed.mime, _width_to_decode(probed, widths[-1], side))
    placeholder = encode_blurhash(decoded)
    on_progress(1 / steps)
    variants: list[Variant] = []

    def save_all(image: Any, *, is_square: bool = False) -> None:
        for image_format in FORMATS:
            variants.append(_save(image, image_format, out_dir, is_square=is_square))
            on_progress((1 + len(variants)) / steps)

    for width in widths:
        # Each from the largest, not from the next larger: resampling twice softens.
        save_all(decoded if width == decoded.width else _scale(decoded, width))
    if side is not None:
        save_all(_cut_square(decoded, side), is_square=True)
    return Rendered(
        width=probed.width,
        height=probed.height,
        blurhash=placeholder,
        variants=variants,
        source=Source(
            mime=probed.mime,
            width=probed.width,
            height=probed.height,
            pages=probed.pages,
            captured_at=probed.captured_at,
            camera=probed.camera,
        ),
    )


def encode_blurhash(image: Any) -> str:
    """BlurHash of 4×3 components, 3×4 where the picture is upright."""
    tiny = _opaque(image.thumbnail_image(_BLURHASH_SIDE, height=_BLURHASH_SIDE))
    components = (4, 3) if image.width >= image.height else (3, 4)
    with warnings.catch_warnings():
        # The library reads pixels by a method that Pillow 14 renames.
        warnings.simplefilter("ignore", DeprecationWarning)
        return str(blurhash.encode(io.BytesIO(tiny.pngsave_buffer(keep="none")), *components))


def _width_to_decode(probed: Probed, widest: int, side: int | None) -> int:
    """As wide as the largest variant; of a panorama so wide that it is as high as the square one."""
    return max(widest, -(-(side or 0) * probed.width // probed.height))


def _scale(image: Any, width: int) -> Any:
    return image.thumbnail_image(width, height=UNBOUNDED, size="down").copy_memory()


def _cut_square(image: Any, side: int) -> Any:
    return image.thumbnail_image(side, height=side, size="down", crop="centre").copy_memory()


def _opaque(image: Any) -> Any:
    return image.flatten(background=[255, 255, 255]) if image.hasalpha() else image


def _save(image: Any, image_format: ImageFormat, out_dir: Path, *, is_square: bool) -> Variant:
    path = out_dir / variant_name(image.width, image_format, is_square=is_square)
    match image_format:
        case ImageFormat.JPEG:
            _opaque(image).jpegsave(str(path), keep="none", **_JPEG)
        case ImageFormat.WEBP:
            image.webpsave(str(path), keep="none", **_WEBP)
        case ImageFormat.AVIF:
            _save_avif(image, path)
    return Variant(image_format, image.width, image.height, path.stat().st_size, path, is_square)


def _save_avif(image: Any, path: Path) -> None:
    """By Pillow, which notes that these are colours of sRGB (`nclx`): libvips leaves a decoder to guess."""
    mode = "RGBA" if image.hasalpha() else "RGB"
    pixels = image.colourspace("srgb").write_to_memory()
    PillowImage.frombytes(mode, (image.width, image.height), pixels).save(path, "AVIF", **_AVIF)
