"""File formats as their first bytes name them, and whether a file has its end. No decoding."""

import mmap
from pathlib import Path

SUPPORTED = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/gif": "GIF"}
"""What is taken: type and name."""

_HEAD_BYTES = 1024
_PREFIXES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
# Named to the owner, so that they know what to convert.
_KNOWN_PREFIXES = (
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"BM", "BMP"),
    (b"%PDF-", "PDF"),
    (b"8BPS", "Photoshop"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\x1a\x45\xdf\xa3", "WebM"),
)
_BRANDS = {
    b"avif": "AVIF",
    b"avis": "AVIF",
    b"heic": "HEIC",
    b"heix": "HEIC",
    b"hevc": "HEIC",
    b"mif1": "HEIC",
    b"msf1": "HEIC",
    b"qt  ": "QuickTime",
}


def read_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD_BYTES)


def sniff(head: bytes) -> str | None:
    """The supported type that a file with these first bytes has; None if it has none of them."""
    for prefix, mime in _PREFIXES:
        if head.startswith(prefix):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return None


def name_unsupported(head: bytes) -> str | None:
    """The name of a format that we know and do not take."""
    for prefix, name in _KNOWN_PREFIXES:
        if head.startswith(prefix):
            return name
    if head[4:8] == b"ftyp":
        return _BRANDS.get(head[8:12], "MP4")
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<?xml", b"<svg", b"<!doctype svg", b"<!--")) and b"<svg" in text:
        return "SVG"
    return None


def is_cut_short(path: Path, mime: str) -> bool:
    """Whether the file ends before its format says that it does.

    libvips sees this only as far as it decodes, and it decodes the first frame of an animation alone. In a JPEG
    only the headers are looked at: the length of its pixels is known after decoding.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return _WALKS[mime](data)


def _png_is_cut(data: mmap.mmap) -> bool:
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"IEND":
            return False
        at += 12 + length
    return True


def _webp_is_cut(data: mmap.mmap) -> bool:
    return len(data) < 12 or int.from_bytes(data[4:8], "little") + 8 > len(data)


def _jpeg_is_cut(data: mmap.mmap) -> bool:
    at = 2
    while at + 4 <= len(data):
        marker = data[at + 1]
        if data[at] != 0xFF or marker == 0xDA:  # not a marker: damaged, not cut; or the pixels begin
            return False
        if marker == 0xFF:  # padding
            at += 1
        else:
            at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return True


def _gif_is_cut(data: mmap.mmap) -> bool:
    if len(data) < 13:
        return True
    at = 13 + _colour_table(data[10])
    # A file that ends between two blocks lacks only its trailer, which some encoders leave out.
    while at < len(data):
        block = data[at]
        if block == 0x3B:
            return False
        if block == 0x21:
            at += 2
        elif block == 0x2C:
            if at + 10 > len(data):
                return True
            at += 11 + _colour_table(data[at + 9])
        else:
            return False  # damaged, not cut
        while True:
            if at >= len(data):
                return True
            size = data[at]
            at += 1 + size
            if size == 0:
                break
    return at > len(data)


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


_WALKS = {
    "image/png": _png_is_cut,
    "image/webp": _webp_is_cut,
    "image/jpeg": _jpeg_is_cut,
    "image/gif": _gif_is_cut,
}
