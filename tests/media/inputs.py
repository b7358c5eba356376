"""Everything that is sent as a picture, made on the spot: by name, what it is announced as and how it is made."""

import io
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pillow_heif
import pyvips
from PIL import Image

from tests.filming import small_film
from tests.pictures import encoded, phone_exif, photograph

Maker = Callable[[], bytes]
P3 = pyvips.Operation.call("profile_load", "p3")


def picture() -> Image.Image:
    """A cat, who shows which way is up."""
    return photograph("chelsea.png").resize((900, 600), Image.Resampling.LANCZOS)


def heic(image: Image.Image | None = None, **options: Any) -> bytes:
    written = io.BytesIO()
    pillow_heif.from_pillow(image or picture()).save(written, **({"quality": 80} | options))
    return written.getvalue()


def made(file_format: str, mode: str = "RGB", **options: Any) -> bytes:
    return encoded(picture().convert(mode), file_format, **options)


def turned(orientation: int, encode: Callable[..., bytes]) -> bytes:
    """Laid down as a camera would hold it, so that it is upright when EXIF is heeded."""
    undone = {5: 5, 6: 8, 7: 7, 8: 6}.get(orientation, orientation)
    ways = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_270,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_90,
    }
    image = picture()
    if undone in ways:
        image = image.transpose(ways[undone])
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encode(image, exif=exif.tobytes())


def see_through(file_format: str) -> bytes:
    """Round, with nothing around."""
    image = picture().convert("RGBA")
    image.putalpha(Image.radial_gradient("L").point(lambda far: 255 if far < 150 else 0).resize(image.size))
    return heic(image) if file_format == "HEIF" else encoded(image, file_format)


def deep_png() -> bytes:
    deep = (np.asarray(picture()).astype(np.uint16) * 257).tobytes()
    image = pyvips.Image.new_from_memory(deep, 900, 600, 3, "ushort").copy(interpretation="rgb16")
    return bytes(image.pngsave_buffer())


def in_p3(encode: Callable[..., bytes]) -> bytes:
    """The same colours, said by the numbers of a wider space."""
    srgb = pyvips.Image.new_from_memory(picture().tobytes(), 900, 600, 3, "uchar").copy(interpretation="srgb")
    wide = srgb.icc_transform("p3", input_profile="srgb")
    return encode(Image.frombytes("RGB", (900, 600), wide.write_to_memory()), icc_profile=P3)


def in_p3_by_number() -> bytes:
    srgb = pyvips.Image.new_from_memory(picture().tobytes(), 900, 600, 3, "uchar").copy(interpretation="srgb")
    wide = Image.frombytes("RGB", (900, 600), srgb.icc_transform("p3", input_profile="srgb").write_to_memory())
    return heic(wide, color_primaries=12, transfer_characteristics=13)


def ten_bits() -> bytes:
    written = io.BytesIO()
    deep = np.asarray(picture()).astype("<u2") * 257
    pillow_heif.encode("RGB;16", (900, 600), deep.tobytes(), written, quality=80)
    return written.getvalue()


def motion_photo() -> bytes:
    """A JPEG behind which a phone has put a film."""
    return made("JPEG", exif=phone_photo_exif()) + small_film(1.0)


def phone_photo_exif() -> bytes:
    exif = phone_exif()
    exif[0x0112] = 1
    return exif.tobytes()


def moving(file_format: str) -> bytes:
    frames = [picture().resize((450, 300)).rotate(4 * turn) for turn in range(6)]
    return encoded(frames[0], file_format, save_all=True, append_images=frames[1:], duration=200, loop=0)


jpeg = partial(encoded, file_format="JPEG")
avif = partial(encoded, file_format="AVIF")

INPUTS: dict[str, tuple[str, Maker]] = {
    "baseline JPEG": ("image/jpeg", lambda: made("JPEG", quality=90)),
    "progressive JPEG": ("image/jpeg", lambda: made("JPEG", progressive=True)),
    "grey JPEG": ("image/jpeg", lambda: made("JPEG", "L")),
    "CMYK JPEG": ("image/jpeg", lambda: made("JPEG", "CMYK", quality=90)),
    "JPEG in P3": ("image/jpeg", lambda: in_p3(jpeg)),
    "motion photo": ("image/jpeg", motion_photo),
    **{f"JPEG turned {way}": ("image/jpeg", partial(turned, way, jpeg)) for way in range(1, 9)},
    "PNG": ("image/png", lambda: made("PNG")),
    "16-bit PNG": ("image/png", deep_png),
    "PNG of a palette": ("image/png", lambda: made("PNG", "P")),
    "PNG with alpha": ("image/png", lambda: see_through("PNG")),
    "WebP": ("image/webp", lambda: made("WEBP")),
    "lossless WebP": ("image/webp", lambda: made("WEBP", lossless=True)),
    "WebP with alpha": ("image/webp", lambda: see_through("WEBP")),
    "GIF": ("image/gif", lambda: made("GIF")),
    "HEIC": ("image/heic", heic),
    "HEIC of tiles": ("image/heic", lambda: heic(tile_size=256)),
    "HEIC turned 6": ("image/heic", lambda: turned(6, heic)),
    "HEIC turned 7": ("image/heic", lambda: turned(7, heic)),
    "HEIC in P3": ("image/heic", lambda: in_p3(heic)),
    "HEIC in P3, nclx": ("image/heic", in_p3_by_number),
    "HEIC of 10 bits": ("image/heif", ten_bits),
    "HEIC with alpha": ("image/heic", lambda: see_through("HEIF")),
    "AVIF": ("image/avif", lambda: made("AVIF")),
    "AVIF turned 6": ("image/avif", lambda: turned(6, avif)),
    "AVIF turned 7": ("image/avif", lambda: turned(7, avif)),
    "AVIF in P3": ("image/avif", lambda: in_p3(avif)),
    "AVIF with alpha": ("image/avif", lambda: see_through("AVIF")),
    "animated GIF": ("image/gif", lambda: moving("GIF")),
    "animated WebP": ("image/webp", lambda: moving("WEBP")),
    "animated PNG": ("image/png", lambda: moving("PNG")),
}
"""What becomes pictures; the last three become films."""
