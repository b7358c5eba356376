"""Pictures to work on, made by Pillow so that libvips is not judged by itself."""

import io
import struct
import zlib
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image, ImageCms

from media.keys import new_token, original_key
from media.pictures import Limits

GENEROUS = Limits(max_bytes=10 * 2**20, max_pixels=50_000_000, max_side=20_000)
IPTC = b"Photoshop 3.0\x008BIM\x04\x04\x00\x00\x00\x00\x00\x10\x1c\x02\x5a\x00\x0bReykjavik!!"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF>GPSLatitude 64,9N</rdf:RDF></x:xmpmeta>'


@pytest.fixture
def key() -> str:
    return original_key(new_token())


@pytest.fixture(scope="session")
def limits() -> Limits:
    return GENEROUS


@pytest.fixture(scope="session")
def photograph() -> Callable[[str], Image.Image]:
    """A real photograph of scikit-image's data folder, by its file name, in RGB."""
    spec = find_spec("skimage")
    assert spec is not None
    assert spec.origin is not None
    folder = Path(spec.origin).parent / "data"

    def load(name: str) -> Image.Image:
        with Image.open(folder / name) as picture:
            return picture.convert("RGB")

    return load


@pytest.fixture(scope="session")
def phone_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010F] = "Heliograph"
    exif[0x0110] = "Phone 1"
    exif.get_ifd(0x8769).update({0x9003: "2025:06:01 12:30:45", 0x9011: "+02:00"})
    exif.get_ifd(0x8825).update({1: "N", 2: (64.0, 9.0, 0.0), 3: "W", 4: (21.0, 56.0, 0.0)})
    return exif


@pytest.fixture(scope="session")
def phone_photo(
    tmp_path_factory: pytest.TempPathFactory,
    photograph: Callable[[str], Image.Image],
    phone_exif: Image.Exif,
) -> Path:
    """12 megapixels lying on their side, with EXIF, GPS, XMP, IPTC and an ICC profile."""
    path = tmp_path_factory.mktemp("phone") / "photo.jpg"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    picture = photograph("coffee.png").resize((4032, 3024), Image.Resampling.BICUBIC)
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=92, exif=phone_exif, icc_profile=profile, xmp=XMP)
    data = written.getvalue()
    path.write_bytes(data[:2] + b"\xff\xed" + struct.pack(">H", len(IPTC) + 2) + IPTC + data[2:])
    return path


@pytest.fixture(scope="session")
def blank_png() -> Callable[[int, int], bytes]:
    """A black PNG of one bit per pixel, row by row: a few hundred kilobytes however large it claims to be."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    def make(width: int, height: int) -> bytes:
        packer = zlib.compressobj(9)
        row = b"\0" + b"\0" * ((width + 7) // 8)
        rows, rest = divmod(height, 100)
        pixels = b"".join(packer.compress(row * 100) for _ in range(rows))
        pixels += packer.compress(row * rest) + packer.flush()
        header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
        return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")

    return make


@pytest.fixture(scope="session")
def samples(photograph: Callable[[str], Image.Image]) -> dict[str, bytes]:
    """A sound file of each kind, 600×400."""
    picture = photograph("coffee.png")
    frames = [picture.rotate(90), picture.rotate(180)]

    def saved(image: Image.Image, file_format: str, **options: object) -> bytes:
        written = io.BytesIO()
        image.save(written, file_format, **options)
        return written.getvalue()

    def heic(image: Image.Image, **options: object) -> bytes:
        written = io.BytesIO()
        pillow_heif.from_pillow(image).save(written, quality=90, **options)
        return written.getvalue()

    return {
        "baseline.jpg": saved(picture, "JPEG", quality=90),
        "progressive.jpg": saved(picture, "JPEG", quality=90, progressive=True),
        "cmyk.jpg": saved(picture.convert("CMYK"), "JPEG"),
        "grey.jpg": saved(picture.convert("L"), "JPEG"),
        "still.png": saved(picture, "PNG"),
        "animated.png": saved(picture, "PNG", save_all=True, append_images=frames),
        "palette.png": saved(picture.convert("P"), "PNG"),
        "lossy.webp": saved(picture, "WEBP"),
        "lossless.webp": saved(picture, "WEBP", lossless=True),
        "animated.webp": saved(picture, "WEBP", save_all=True, append_images=frames),
        "still.gif": saved(picture, "GIF"),
        "animated.gif": saved(picture, "GIF", save_all=True, append_images=frames),
        "still.avif": saved(picture, "AVIF", quality=90),
        "still.heic": heic(picture),
        "tiles.heic": heic(picture, tile_size=256),
    }
