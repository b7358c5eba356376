"""Whether a file has its end, at every place at which it can be cut."""

import io
from pathlib import Path

import pytest
from PIL import Image

from media.containers import is_cut_short, sniff

MIMES = {"PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}


@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_every_prefix_is_cut(tmp_path: Path, file_format: str) -> None:
    written = io.BytesIO()
    Image.radial_gradient("L").resize((40, 30)).save(written, file_format)
    data, path = written.getvalue(), tmp_path / "cut"
    for end in range(12, len(data)):
        path.write_bytes(data[:end])
        assert is_cut_short(path, MIMES[file_format]), end
    path.write_bytes(data)
    assert not is_cut_short(path, MIMES[file_format])
    path.write_bytes(data + b"appended by a phone")
    assert not is_cut_short(path, MIMES[file_format])


def test_a_gif_may_end_between_blocks_alone(tmp_path: Path) -> None:
    written = io.BytesIO()
    frames = [Image.radial_gradient("L").rotate(turn).resize((40, 30)) for turn in (0, 90, 180)]
    frames[0].save(written, "GIF", save_all=True, append_images=frames[1:])
    data, path = written.getvalue(), tmp_path / "cut"
    whole = []
    for end in range(13, len(data) + 1):
        path.write_bytes(data[:end])
        if not is_cut_short(path, "image/gif"):
            whole.append(end)
    # After the colour table, the first picture, control block and picture of two more, and the trailer.
    assert len(whole) == 1 + 1 + 2 * 2 + 1
    assert whole[-2:] == [len(data) - 1, len(data)]


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
    ],
)
def test_sniff(head: bytes, mime: str | None) -> None:
    assert sniff(head) == mime
