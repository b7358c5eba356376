"""What the blocks of a picture tell: its frames, and whether its end is there."""

import io
from typing import Any

import pytest
from PIL import Image

from media.budget import Budget
from media.errors import MediaRejected, RejectionReason
from media.walks import MOST_BLOCKS, Walk, walk

MIMES = {"PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


def is_cut(data: bytes, mime: str) -> bool:
    return walk(data, mime, 1000).is_cut


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_every_prefix_is_cut(file_format: str) -> None:
    data = saved(1, file_format)
    for end in range(12, len(data)):
        assert is_cut(data[:end], MIMES[file_format]), end
    assert not is_cut(data, MIMES[file_format])
    assert not is_cut(data + b"appended by a phone", MIMES[file_format])


def saved(frames: int, file_format: str, **options: Any) -> bytes:
    """So many different pictures, one after the other."""
    written = io.BytesIO()
    first, *others = (Image.radial_gradient("L").rotate(7 * turn).resize((40, 30)) for turn in range(frames))
    first.save(written, file_format, save_all=frames > 1, append_images=others, **options)
    return written.getvalue()


def test_a_gif_may_end_between_blocks_alone() -> None:
    data = saved(3, "GIF")
    whole = [end for end in range(13, len(data) + 1) if not is_cut(data[:end], "image/gif")]
    # After the colour table, the first picture, control block and picture of two more, and the trailer.
    assert len(whole) == 1 + 1 + 2 * 2 + 1
    assert whole[-2:] == [len(data) - 1, len(data)]


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP"])
def test_frames_are_counted(file_format: str) -> None:
    mime = MIMES[file_format]
    assert [walk(saved(frames, file_format), mime, 1000).frames for frames in (1, 2, 5)] == [1, 2, 5]
    moving = saved(5, file_format, duration=[30, 40, 50, 60, 70])
    assert walk(moving, mime, 3) == Walk([30, 40, 50, 60], is_cut=False)
    assert walk(moving, mime, 5) == Walk([30, 40, 50, 60, 70], is_cut=False)


def test_what_a_format_does_not_have_is_damaged() -> None:
    gif = saved(2, "GIF", duration=[30, 40])
    assert walk(gif[:-1] + b"\x99", "image/gif", 1000) == Walk([30, 40], is_damaged=True)
    assert walk(b"\xff\xd8\x00\x00\x00\x00", "image/jpeg", 1000) == Walk([], is_damaged=True)


def test_a_time_is_read_from_its_own_block_alone() -> None:
    png, webp, gif = (saved(2, one, duration=[30, 40]) for one in ("PNG", "WEBP", "GIF"))
    short = b"\0\0\0\x19fcTL" + bytes(29)
    assert walk(png[:-12] + short + png[-12:], "image/png", 1000) == Walk([30, 40], is_damaged=True)
    longer = webp[:4] + (len(webp) + 8 + 14 - 8).to_bytes(4, "little") + webp[8:] + b"ANMF\x0e\0\0\0" + bytes(14)
    assert walk(longer, "image/webp", 1000) == Walk([30, 40], is_damaged=True)
    picture = gif.rindex(b"\x21\xf9\4")
    shorter = gif[:picture] + b"\x21\xf9\3" + gif[picture + 3 : picture + 6] + gif[picture + 7 :]
    assert walk(shorter, "image/gif", 1000) == Walk([30, 0])


def test_an_end_that_reaches_beyond_the_file_is_cut() -> None:
    png = saved(1, "PNG")
    assert is_cut(png[:-12] + b"\0\0\0\1" + png[-8:], "image/png")


def test_a_picture_of_too_many_blocks() -> None:
    """Each of them costs little, all of them time."""
    chunk = b"\0\0\0\0teXt\0\0\0\0"
    hostile = [
        ("image/png", b"\x89PNG\r\n\x1a\n" + chunk * (MOST_BLOCKS + 1)),
        ("image/gif", b"GIF89a" + b"\1\0" * 2 + b"\0\0\0" + b"!\xfe" + b"\1x" * (MOST_BLOCKS + 1)),
        ("image/gif", b"GIF89a" + b"\1\0" * 2 + b"\0\0\0" + b"!\xfe\0" * (MOST_BLOCKS + 1)),
        ("image/webp", b"RIFF\xff\xff\xff\0WEBP" + b"XXXX\0\0\0\0" * (MOST_BLOCKS + 1)),
        ("image/jpeg", b"\xff\xd8" + b"\xff" * (MOST_BLOCKS + 10)),
    ]
    for mime, data in hostile:
        with pytest.raises(MediaRejected) as caught:
            walk(data, mime, 1000)
        assert caught.value.reason is RejectionReason.TOO_COMPLEX


def test_a_budget_of_the_caller() -> None:
    png = saved(5, "PNG")
    blocks = 1 + 1 + 5 + 5 + 1
    assert walk(png, "image/png", 1000, Budget(blocks)).frames == 5
    with pytest.raises(MediaRejected) as caught:
        walk(png, "image/png", 1000, Budget(blocks - 1))
    assert caught.value.reason is RejectionReason.TOO_COMPLEX
