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
from media.looks.cropping import Box
from media.looks.filters import filtered
from media.looks.sliders import adjusted
from media.looks.watermark import stamped
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
    recipe: Recipe = PLAIN,
    *,
    formats: tuple[ImageFormat, ...] = FORMATS,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Rendered:
    """Do to `source` what the recipe says, and write what `planned_variants` says of it into `out_dir`, as far as it
    is of these formats; of an animation, of its first frame.

    Each is upright, in sRGB, 8 bits, without metadata. `on_progress` is told 0..1 after each step. Raises
    MediaRejected where the pixels cannot be decoded.
    """
    box = Box.of(probed.width, probed.height, recipe.crop)
    widths, side = variant_widths(box.width), square_side(box.width, box.height)
    steps = 1 + len(formats) * (len(widths) + (side is not None))
    # Of a panorama so much that it is as high as the square one.
    decoded = decode(source, probed.mime, box.width_to_decode(widths[-1], side or 1))
    unmarked = _looked_at(box.cut(decoded), recipe)
    shown = _marked(unmarked, recipe)
    placeholder = encode_blurhash(shown)
    on_progress(1 / steps)
    variants: list[Variant] = []

    def save_all(image: Any, *, is_square: bool = False) -> None:
        for image_format in formats:
            variants.append(_save(image, image_format, out_dir, is_square=is_square))
            on_progress((1 + len(variants)) / steps)

    for width in widths:
        # Each from the largest, not from the next larger: resampling twice softens.
        save_all(shown if width == shown.width else _scale(shown, width))
    if side is not None:
        # The mark stands in a corner, which is cut off: it gets one of its own.
        save_all(_marked(_cut_square(unmarked, side), recipe), is_square=True)
    return Rendered(
        width=box.width,
        height=box.height,
        blurhash=placeholder,
        variants=variants,
        source=Source(
            mime=probed.mime,
            width=probed.width,
            height=probed.height,
            pages=probed.pages,
            captured_at=probed.captured_at,
            camera=probed.camera,
            latitude=probed.latitude,
            longitude=probed.longitude,
        ),
    )


def _looked_at(image: Any, recipe: Recipe) -> Any:
    """Held in memory: it is read for each variant."""
    if recipe.adjust is not None:
        image = adjusted(image, recipe.adjust)
    return filtered(image, recipe.filter).copy_memory()


def _marked(image: Any, recipe: Recipe) -> Any:
    return image if recipe.watermark is None else stamped(image, recipe.watermark).copy_memory()


def encode_blurhash(image: Any) -> str:
    """BlurHash of 4×3 components, 3×4 where the picture is upright."""
    tiny = _opaque(image.thumbnail_image(_BLURHASH_SIDE, height=_BLURHASH_SIDE))
    components = (4, 3) if image.width >= image.height else (3, 4)
    with warnings.catch_warnings():
        # The library reads pixels by a method that Pillow 14 renames.
        warnings.simplefilter("ignore", DeprecationWarning)
        return str(blurhash.encode(io.BytesIO(tiny.pngsave_buffer(keep="none")), *components))


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
