"""Films of a picture: what is seen, when, and that they are the same bytes each time."""

import asyncio
import io
import tempfile
from dataclasses import replace
from pathlib import Path

import av
import pytest
from PIL import Image

from media.errors import MediaRejected
from media.pans import WHOLE, FilmFormat, Pan, View, film
from tests.filming import stills

LEFT, RIGHT = View(0, 0.25, 0.5), View(0.5, 0.25, 0.5)
PAN = Pan(LEFT, RIGHT, 96, 64, 1, frames_per_second=10)


@pytest.fixture(scope="module")
def halves() -> bytes:
    """192×128: red on the left, blue on the right."""
    picture = Image.new("RGB", (192, 128), "red")
    picture.paste("blue", (96, 0, 192, 128))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=95, subsampling=0)
    return written.getvalue()


def blue(picture: Image.Image) -> float:
    """The share of it that is more blue than red."""
    red, _, over = picture.convert("RGB").split()
    pairs = list(zip(red.tobytes(), over.tobytes(), strict=True))
    return sum(one < other for one, other in pairs) / len(pairs)


async def test_it_goes_from_one_view_to_the_other_slow_at_both_ends(halves: bytes) -> None:
    seen = stills(await film(halves, PAN))
    assert {one.size for one in seen} == {(96, 64)}
    shares = [blue(one) for one in seen]
    assert len(shares) == 10
    assert shares == sorted(shares)
    assert shares[0] == pytest.approx(0, abs=0.03)
    assert shares[-1] == pytest.approx(1, abs=0.03)
    # Half a cosine: (1 - cos(pi n / 9)) / 2.
    assert shares[1] == pytest.approx(0.03, abs=0.03)
    assert shares[3] == pytest.approx(0.25, abs=0.03)
    assert shares[6] == pytest.approx(0.75, abs=0.03)


async def test_coming_closer_enlarges(halves: bytes) -> None:
    """The middle fifth of the height: of a square there, five times as wide at the end."""
    picture = Image.open(io.BytesIO(halves))
    picture.paste("white", (86, 58, 106, 70))
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=95, subsampling=0)
    seen = stills(await film(written.getvalue(), replace(PAN, start=WHOLE, end=View(0.4, 0.4, 0.2))))

    def white(one: Image.Image) -> int:
        return sum(level > 200 for level in one.convert("RGB").split()[1].tobytes())

    assert white(seen[-1]) / white(seen[0]) == pytest.approx(25, rel=0.25)


async def test_an_mp4_begins_with_its_index_and_is_silent_unless_asked(halves: bytes) -> None:
    silent = await film(halves, PAN)
    assert silent[4:8] == b"ftyp"
    assert silent.index(b"moov") < silent.index(b"mdat")
    with av.open(io.BytesIO(silent), "r") as opened:
        assert [stream.type for stream in opened.streams] == ["video"]
        assert opened.streams.video[0].pix_fmt == "yuv420p"
        assert opened.duration == 1_000_000
    loud = await film(halves, replace(PAN, has_sound=True))
    with av.open(io.BytesIO(loud), "r") as opened:
        assert sorted(stream.type for stream in opened.streams) == ["audio", "video"]
        sound = b"".join(bytes(frame.planes[0]) for frame in opened.decode(audio=0))
    assert any(sound)


async def test_a_gif_goes_there_and_back(halves: bytes) -> None:
    made = await film(halves, replace(PAN, format=FilmFormat.GIF))
    with Image.open(io.BytesIO(made)) as picture:
        assert (picture.format, picture.size, picture.n_frames) == ("GIF", (96, 64), 10)  # type: ignore[attr-defined]
        assert picture.info["loop"] == 0
        shares = []
        for number in range(10):
            picture.seek(number)
            assert picture.info["duration"] == 100
            shares.append(blue(picture))
    assert shares[0] == pytest.approx(0, abs=0.03)
    assert shares[5] == pytest.approx(1, abs=0.03)
    assert shares[1:5] == pytest.approx(shares[:5:-1], abs=0.02)


@pytest.mark.parametrize("pan", [PAN, replace(PAN, has_sound=True), replace(PAN, format=FilmFormat.GIF)])
async def test_the_same_bytes_each_time(halves: bytes, pan: Pan) -> None:
    assert await film(halves, pan) == await film(halves, pan)


async def test_nothing_is_left_behind(halves: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether it is made, refused or given up."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    await film(halves, PAN)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(MediaRejected):
        await film(b"no picture", PAN)
    assert list(tmp_path.iterdir()) == []
    making = asyncio.create_task(film(halves, replace(PAN, width=960, height=960, seconds=60)))
    while not list(tmp_path.rglob("film.mp4")):
        await asyncio.sleep(0.01)
    making.cancel()
    with pytest.raises(asyncio.CancelledError):
        await making
    assert list(tmp_path.iterdir()) == []
