"""What a file is, by its bytes: type, size and frames from the headers, before anything is decoded."""

import mmap
from pathlib import Path
from typing import Any

from media import metadata
from media.containers import FILMS, HEIFS, SUPPORTED, canonical, name_unsupported, read_head, sniff
from media.errors import IsAnimated, MediaRejected, RejectionReason, cut_short, damaged
from media.heif import look_at_heif
from media.pictures import Limits, MediaKind, Probed, variant_widths
from media.vips import pyvips
from media.walks import walk

_WEBP_MAX_SIDE = 16_383
_TAKEN = "JPEG, PNG, WebP, GIF, AVIF and HEIC pictures can be posted."


def probe(path: Path, limits: Limits, declared_type: str | None = None, *, first_frame: bool = False) -> Probed:
    """Describe the picture in `path`, or raise MediaRejected; IsAnimated where it moves, unless its first frame is what
    is wanted.

    `declared_type` is the content type under which it was announced; the bytes must agree with it. Of a sequence of
    HEIC or AVIF the picture that stands for it is described.
    """
    _check_bytes(path.stat().st_size, limits)
    mime = _type_of(read_head(path), declared_type)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        probed = (_probe_boxes if mime in HEIFS else _probe_blocks)(data, path, mime, limits)
    if probed.pages > 1 and not first_frame:
        raise IsAnimated
    return probed


def _probe_boxes(data: mmap.mmap, _path: Path, mime: str, limits: Limits) -> Probed:
    look = look_at_heif(data)
    if look.largest[0] * look.largest[1] > limits.max_pixels:
        _check_size(*look.largest, limits)
    _check_size(look.width, look.height, limits)
    return _described(metadata.header_of(look.exif), mime, (look.width, look.height), orientation=1, pages=1)


def _probe_blocks(data: mmap.mmap, path: Path, mime: str, limits: Limits) -> Probed:
    walked = walk(data, mime, limits.max_frames)
    if walked.frames > limits.max_frames:
        raise MediaRejected(
            RejectionReason.TOO_MANY_FRAMES, f"This animation has more than {limits.max_frames:,} frames."
        )
    try:
        header = _open_header(path)
    except MediaRejected as error:
        raise (cut_short() if walked.is_cut else error) from error
    orientation = header.get("orientation") if header.get_typeof("orientation") else 1
    if not 1 <= orientation <= 8:
        orientation = 1
    width, height = (header.height, header.width) if orientation >= 5 else (header.width, header.height)
    _check_size(width, height, limits)
    if walked.is_cut:
        raise cut_short()
    return _described(header, mime, (width, height), orientation=orientation, pages=walked.frames)


def _described(header: Any, mime: str, size: tuple[int, int], *, orientation: int, pages: int) -> Probed:
    latitude, longitude = metadata.place(header) or (None, None)
    return Probed(
        kind=MediaKind.IMAGE,
        mime=mime,
        width=size[0],
        height=size[1],
        orientation=orientation,
        pages=pages,
        captured_at=metadata.captured_at(header),
        camera=metadata.camera(header),
        latitude=latitude,
        longitude=longitude,
    )


def _open_header(path: Path) -> Any:
    try:
        return pyvips.Image.new_from_file(str(path), access="sequential")
    except pyvips.Error as error:
        raise damaged() from error


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
