"""What an animation says of itself, and what none of its kind has."""

import io
import mmap

import pytest
from PIL import Image

from media.errors import MediaRejected, RejectionReason
from media.film.animations import Animation, look_at_animation


def saved(file_format: str) -> bytes:
    written = io.BytesIO()
    first, second = (Image.radial_gradient("L").rotate(turn).resize((40, 30)) for turn in (0, 7))
    first.save(written, file_format, save_all=True, append_images=[second], duration=[10, 40])
    return written.getvalue()


def looked_at(data: bytes) -> Animation | None:
    with mmap.mmap(-1, len(data)) as mapped:
        mapped.write(data)
        return look_at_animation(mapped)


@pytest.mark.parametrize(
    ("file_format", "container", "mime"),
    [("GIF", "gif", "image/gif"), ("PNG", "apng", "image/png"), ("WEBP", "webp_anim", "image/webp")],
)
def test_size_and_times(file_format: str, container: str, mime: str) -> None:
    assert looked_at(saved(file_format)) == Animation(container, mime, 40, 30, [100, 40])


def test_a_film_is_none() -> None:
    assert looked_at(b"\0\0\0\x18ftypisom\0\0\0\0isommp42") is None


PNG, WEBP = saved("PNG"), saved("WEBP")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PNG[:-1], RejectionReason.TRUNCATED),
        (PNG[:8] + PNG[-12:], RejectionReason.DAMAGED),  # without a header: its size would be read from anything
        (PNG[:12] + b"iHDR" + PNG[16:], RejectionReason.DAMAGED),
        (WEBP[:-3], RejectionReason.TRUNCATED),
        (WEBP[:12] + b"VP8 " + WEBP[16:], RejectionReason.DAMAGED),
    ],
)
def test_refused(data: bytes, reason: RejectionReason) -> None:
    with pytest.raises(MediaRejected) as caught:
        looked_at(data)
    assert caught.value.reason is reason
