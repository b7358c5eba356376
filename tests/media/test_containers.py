"""What a file is by its first bytes."""

import pytest

from media.containers import FILMS, PICTURES, canonical, name_unsupported, sniff


def ftyp(major: bytes, *compatible: bytes) -> bytes:
    listed = b"".join(compatible)
    return (16 + len(listed)).to_bytes(4, "big") + b"ftyp" + major + b"\0\0\0\0" + listed


def ebml(doc_type: bytes) -> bytes:
    """A header of version 1 that says so."""
    content = b"\x42\x86\x81\1\x42\xf7\x81\1\x42\x82" + bytes([0x80 + len(doc_type)]) + doc_type
    return b"\x1a\x45\xdf\xa3" + bytes([0x80 + len(content)]) + content


@pytest.mark.parametrize(
    ("head", "mime"),
    [
        (b"\xff\xd8\xff\xe1", "image/jpeg"),
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"GIF87a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVEfmt ", None),
        (b"\x89PNG", None),
        (b"", None),
        (ftyp(b"heic", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"mif1", b"mif1", b"heic"), "image/heic"),
        (ftyp(b"msf1", b"hevc"), "image/heic"),
        (ftyp(b"heix"), "image/heic"),
        (ftyp(b"avif", b"mif1", b"miaf", b"MA1B"), "image/avif"),
        (ftyp(b"mif1", b"miaf", b"avif"), "image/avif"),
        (ftyp(b"avis", b"msf1", b"iso8"), "image/avif"),
        (ftyp(b"mif1", b"mif1"), None),
        (ftyp(b"mif1", b"mif1", b"jpeg"), None),
        (ftyp(b"isom", b"iso2", b"avc1", b"mp41"), "video/mp4"),
        (ftyp(b"mp42", b"isom", b"mp42"), "video/mp4"),
        (ftyp(b"iso6", b"cmfc"), "video/mp4"),
        (ftyp(b"XYZ1", b"abcd", b"isom"), "video/mp4"),
        (ftyp(b"M4V ", b"M4V ", b"mp42"), "video/mp4"),
        (ftyp(b"qt  "), "video/quicktime"),
        (ftyp(b"qt  ", b"mp42"), "video/quicktime"),
        (b"\0\0\0\x08wide\0\0\1\0mdat", "video/quicktime"),
        (ftyp(b"M4A ", b"mp42", b"isom"), None),
        (ftyp(b"crx ", b"isom"), None),
        (ftyp(b"XYZ1"), None),
        # Compatible brands end with their box.
        (ftyp(b"XYZ1") + b"isomisom", None),
        (b"\0\0\0\x08ftypheic", None),
        (ebml(b"webm"), "video/webm"),
        (ebml(b"matroska"), None),
        (b"\x1a\x45\xdf\xa3", None),
        (b"\x1a\x45\xdf\xa3\x83\x42\x82", None),
    ],
)
def test_sniff(head: bytes, mime: str | None) -> None:
    assert sniff(head) == mime


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"II*\0\x08\0\0\0", "TIFF"),
        (b"MM\0*\0\0\0\x08", "TIFF"),
        (b"II*\0\x10\0\0\0CR\2\0", "Canon raw"),
        (b"BM\x36\0", "BMP"),
        (b"%PDF-1.7\n", "PDF"),
        (b"%!PS-Adobe-3.0 EPSF", "PostScript"),
        (b"8BPS\0\1", "Photoshop"),
        (b"\xff\x0a\xfa", "JPEG XL"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
        (b"\0\0\1\0\1\0", "icon"),
        (b"v/1\1\2\0", "OpenEXR"),
        (b"qoif\0", "QOI"),
        (b"\x8aMNG\r\n\x1a\n", "MNG"),
        (b"#EXTM3U\n#EXT-X-VERSION:3", "Playlist"),
        (b"RIFF\0\0\0\0AVI LIST", "AVI"),
        (b"RIFF\0\0\0\0WAVEfmt ", "WAV"),
        (b"\x47\x40\0\x10" + b"\xff" * 184 + b"\x47", "MPEG"),
        (ebml(b"matroska"), "Matroska"),
        (ftyp(b"M4A ", b"mp42"), "M4A"),
        (ftyp(b"crx ", b"isom"), "Canon raw"),
        (ftyp(b"3gp5", b"3gp5"), "3GP"),
        (ftyp(b"mif1", b"jpeg"), "HEIF"),
        (ftyp(b"XYZ1"), "ISO media"),
        (b'<?xml version="1.0"?>\n<svg/>', "SVG"),
        (b"\xef\xbb\xbf<!-- drawn --><svg/>", "SVG"),
        (b"<html><svg/></html>", None),
        (b"Dear diary", None),
        (b"", None),
    ],
)
def test_what_is_not_taken_is_named(head: bytes, name: str | None) -> None:
    assert sniff(head) is None
    assert name_unsupported(head) == name


def test_types_that_go_by_several_names() -> None:
    assert canonical("image/jpg") == "image/jpeg"
    assert canonical("image/heif") == "image/heic"
    assert canonical("image/png") == "image/png"
    assert canonical("text/html") == "text/html"
    assert not set(PICTURES) & set(FILMS)
