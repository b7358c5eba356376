"""Files to upload: real photographs, and what should not get through."""

import io
import struct
import zlib
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pillow_heif
from PIL import Image


def photograph(name: str = "coffee.png") -> Image.Image:
    """One of scikit-image's data folder, in RGB."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    with Image.open(Path(spec.origin).parent / "data" / name) as picture:
        return picture.convert("RGB")


def encoded(picture: Image.Image, file_format: str = "JPEG", **options: Any) -> bytes:
    written = io.BytesIO()
    picture.save(written, file_format, **options)
    return written.getvalue()


def small_photo(width: int = 600, height: int = 400) -> bytes:
    """A JPEG of a few kilobytes."""
    return encoded(photograph().resize((width, height)))


def phone_exif() -> Image.Exif:
    """Lying on its side (orientation 6), with a camera, a time and a place."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Heliograph"
    exif[0x0110] = "Phone 1"
    exif.get_ifd(0x8769).update({0x9003: "2025:06:01 12:30:45", 0x9011: "+02:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (64.0, 9.0, 0.0), 3: "W", 4: (21.0, 56.0, 0.0)})
    return exif


def phone_photo() -> bytes:
    """12 megapixels as a phone writes them."""
    return encoded(photograph().resize((4032, 3024), Image.Resampling.BICUBIC), quality=92, exif=phone_exif())


def heic_photo(width: int = 900, height: int = 600) -> bytes:
    """As newer phones write them: in tiles, turned by a box and with the same in EXIF."""
    written = io.BytesIO()
    made = pillow_heif.from_pillow(photograph().resize((width, height)))
    made.save(written, quality=60, exif=phone_exif().tobytes(), tile_size=256)
    return written.getvalue()


def many_frames(count: int) -> bytes:
    """A GIF of black frames of one pixel."""
    frame = b"\x2c\0\0\0\0\1\0\1\0\0\2\2D\1\0"
    return b"GIF89a\1\0\1\0\x80\0\0" + b"\0" * 6 + frame * count + b";"


def blank_png(width: int, height: int) -> bytes:
    """A black PNG of one bit per pixel, made row by row: small, however large it claims to be."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    packer = zlib.compressobj(9)
    row = b"\0" + b"\0" * ((width + 7) // 8)
    rows, rest = divmod(height, 100)
    pixels = b"".join(packer.compress(row * 100) for _ in range(rows))
    pixels += packer.compress(row * rest) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
