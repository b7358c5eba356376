"""File formats as their first bytes name them. No decoding."""

from pathlib import Path

from media.boxes import brands

PICTURES = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WebP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
    "image/heic": "HEIC",
    "image/heif": "HEIF",
}
"""Pictures that are taken: type and name."""

HEIFS = {"image/avif", "image/heic"}
"""Pictures that lie in boxes."""

FILMS = {"video/mp4": "MP4", "video/quicktime": "QuickTime", "video/webm": "WebM"}
"""Films that are taken: type and name."""

SUPPORTED = PICTURES | FILMS
"""What is taken: type and name."""

_ALIASES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "image/apng": "image/png",
    "image/heif": "image/heic",
    "image/heic-sequence": "image/heic",
    "image/heif-sequence": "image/heic",
    "image/avif-sequence": "image/avif",
    "video/x-m4v": "video/mp4",
}

HEAD_BYTES = 4096
_PREFIXES = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
# Named to the owner, so that they know what to convert. The first that fits counts.
_KNOWN_PREFIXES = (
    (b"II*\0\x10\0\0\0CR", "Canon raw"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"II+\0", "TIFF"),
    (b"MM\0+", "TIFF"),
    (b"BM", "BMP"),
    (b"%PDF-", "PDF"),
    (b"%!PS", "PostScript"),
    (b"8BPS", "Photoshop"),
    (b"gimp xcf", "GIMP"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL ", "JPEG XL"),
    (b"\0\0\0\x0cjP  ", "JPEG 2000"),
    (b"\xff\x4f\xff\x51", "JPEG 2000"),
    (b"\0\0\1\0", "icon"),
    (b"FUJIFILMCCD-RAW", "Fujifilm raw"),
    (b"IIRO", "Olympus raw"),
    (b"IIU\0", "Panasonic raw"),
    (b"v/1\1", "OpenEXR"),
    (b"#?RADIANCE", "Radiance"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS"),
    (b"\x8aMNG\r\n", "MNG"),
    (b"#EXTM3U", "Playlist"),
    (b"FLV\1", "FLV"),
    (b"OggS", "Ogg"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "Windows Media"),
    (b"\0\0\1\xba", "MPEG"),
    (b"\0\0\1\xb3", "MPEG"),
    (b"ID3", "MP3"),
    (b"PK\3\4", "ZIP"),
    (b"\x1a\x45\xdf\xa3", "Matroska"),
)
_RIFFS = {b"AVI ": "AVI", b"WAVE": "WAV"}
_HEIF = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_BRANDS = {
    **dict.fromkeys(_HEIF, "image/heic"),
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"qt  ": "video/quicktime",
    **dict.fromkeys(
        (b"isom", b"iso2", b"iso3", b"iso4", b"iso5", b"iso6", b"iso7", b"iso8", b"iso9", b"mp41", b"mp42", b"mp71"),
        "video/mp4",
    ),
    **dict.fromkeys((b"avc1", b"hvc1", b"av01", b"dash", b"cmfc", b"M4V ", b"M4VH", b"M4VP", b"MSNV"), "video/mp4"),
}
# Forms of the same container that are something else, whatever they are compatible with.
_OTHER_BRANDS = {
    b"crx ": "Canon raw",
    b"M4A ": "M4A",
    b"M4B ": "M4A",
    b"jp2 ": "JPEG 2000",
    b"jxl ": "JPEG XL",
    b"vvic": "VVC picture",
}
# How a film of QuickTime's early days begins, without an `ftyp`.
_OLD_QUICKTIME = {b"moov", b"mdat", b"wide", b"skip", b"free", b"pnot"}


def canonical(content_type: str) -> str:
    """The name under which we know a content type that goes by several."""
    return _ALIASES.get(content_type, content_type)


def read_head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(HEAD_BYTES)


def sniff(head: bytes) -> str | None:
    """The supported type that a file with these first bytes (HEAD_BYTES are enough) has; None if it has none of
    them."""
    for prefix, mime in _PREFIXES:
        if head.startswith(prefix):
            return mime
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm" if _doc_type(head) == b"webm" else None
    if head[4:8] in _OLD_QUICKTIME and len(head) >= 16:
        return "video/quicktime"
    return _sniff_brands(head)


def _sniff_brands(head: bytes) -> str | None:
    """The major brand says what the file is for. Where we do not know it, those that it is compatible with do."""
    listed = brands(head)
    if not listed or listed[0] in _OTHER_BRANDS:
        return None
    return next((_BRANDS[brand] for brand in listed if brand in _BRANDS), None)


def _doc_type(head: bytes) -> bytes:
    """What an EBML header says that the file is: `webm`, `matroska`; empty if it does not say so."""
    at = head.find(b"\x42\x82", 4, 64)
    if at < 0 or at + 3 > len(head) or not head[at + 2] & 0x80:
        return b""
    return head[at + 3 : at + 3 + (head[at + 2] & 0x7F)].rstrip(b"\0")


def name_unsupported(head: bytes) -> str | None:
    """The name of a format that we know and do not take."""
    for prefix, name in _KNOWN_PREFIXES:
        if head.startswith(prefix):
            return name
    if head[:4] == b"RIFF":
        return _RIFFS.get(head[8:12])
    if head[:1] == b"\x47" and head[188:189] == b"\x47":
        return "MPEG"
    if listed := brands(head):
        return _name_of(listed)
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<?xml", b"<svg", b"<!doctype svg", b"<!--")) and b"<svg" in text:
        return "SVG"
    return None


def _name_of(listed: list[bytes]) -> str:
    if listed[0] in _OTHER_BRANDS:
        return _OTHER_BRANDS[listed[0]]
    if listed[0].startswith((b"3gp", b"3g2")):
        return "3GP"
    return "HEIF" if {b"mif1", b"msf1"} & set(listed) else "ISO media"
