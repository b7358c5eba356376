"""What a file is, by its bytes: type, size and frames from the headers, before anything is decoded."""

from pathlib import Path
from typing import Any

from media import metadata
from media.containers import FILMS, SUPPORTED, canonical, is_cut_short, name_unsupported, read_head, sniff
from media.errors import MediaRejected, RejectionReason, cut_short, damaged
from media.pictures import Limits, MediaKind, Probed, variant_widths
from media.vips import pyvips

_WEBP_MAX_SIDE = 16_383
_TAKEN = "JPEG, PNG, WebP and GIF pictures can be posted."


def probe(path: Path, limits: Limits, declared_type: str | None = None) -> Probed:
    """Describe the picture in `path`, or raise MediaRejected.

    `declared_type` is the content type under which it was announced; the bytes must agree with it.
    """
    _check_bytes(path.stat().st_size, limits)
    mime = _type_of(read_head(path), declared_type)
    header = open_header(path, mime)
    orientation = header.get("orientation") if header.get_typeof("orientation") else 1
    if not 1 <= orientation <= 8:
        orientation = 1
    width, height = (header.height, header.width) if orientation >= 5 else (header.width, header.height)
    _check_size(width, height, limits)
    if is_cut_short(path, mime):
        raise cut_short()
    return Probed(
        kind=MediaKind.IMAGE,
        mime=mime,
        width=width,
        height=height,
        orientation=orientation,
        pages=header.get_n_pages(),
        captured_at=metadata.captured_at(header),
        camera=metadata.camera(header),
    )


def open_header(path: Path, mime: str) -> Any:
    try:
        return pyvips.Image.new_from_file(str(path), access="sequential")
    except pyvips.Error as error:
        raise (cut_short() if is_cut_short(path, mime) else damaged()) from error


def _check_bytes(size: int, limits: Limits) -> None:
    if size == 0:
        raise MediaRejected(RejectionReason.EMPTY, "This file is empty.")
    if size > limits.max_bytes:
        most = limits.max_bytes / 2**20
        raise MediaRejected(
            RejectionReason.TOO_MANY_BYTES,
            f"This picture has {size / 2**20:.1f} MB; the most that can be posted is {most:.4g} MB.",
        )


def _type_of(head: bytes, declared_type: str | None) -> str:
    mime = sniff(head)
    if mime is None:
        name = name_unsupported(head)
        if name is None:
            raise MediaRejected(RejectionReason.NOT_A_PICTURE, f"This file is not a picture. {_TAKEN}")
        raise MediaRejected(RejectionReason.UNSUPPORTED_TYPE, f"{name} files cannot be posted. {_TAKEN}")
    if declared_type is not None and canonical(declared_type) != mime:
        announced = SUPPORTED.get(canonical(declared_type), declared_type)
        raise MediaRejected(
            RejectionReason.WRONG_TYPE, f"This file was announced as {announced}, but it is {SUPPORTED[mime]}."
        )
    if mime in FILMS:
        raise MediaRejected(RejectionReason.A_FILM, f"This file is a film ({FILMS[mime]}), where a picture is wanted.")
    return mime


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.max_pixels:
        raise MediaRejected(
            RejectionReason.TOO_MANY_PIXELS,
            f"This picture has {width * height / 1e6:,.1f} megapixels ({width:,} × {height:,}); "
            f"the most that can be posted is {limits.max_pixels / 1e6:.4g}.",
        )
    if width > limits.max_side:
        raise MediaRejected(
            RejectionReason.TOO_WIDE,
            f"This picture is {width:,} pixels wide; the most that can be posted is {limits.max_side:,}.",
        )
    # The largest variant must fit into a WebP, or one of the formats would be missing.
    widest = variant_widths(width)[-1]
    highest = min(limits.max_side, _WEBP_MAX_SIDE * width // widest)
    if height > highest:
        raise MediaRejected(
            RejectionReason.TOO_HIGH,
            f"This picture is {height:,} pixels high; the most that can be posted is {highest:,} at its width.",
        )
