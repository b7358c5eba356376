"""Whatever a phone sends becomes H.264 in sizes that it had, upright, in its own time, with a poster."""

import asyncio
from pathlib import Path
from typing import Any

import av
import psutil
import pytest
from PIL import Image

from media.film.runner import FilmRunner
from media.films import FilmLimits, RenderedFilm
from media.keys import variant_name
from media.pictures import planned_variants
from tests.media.film.filming import film, frames, packets
from tests.media.film.inputs import DELAYS, INPUTS, animation, black_first, lying, tagged

LIMITS = FilmLimits()
EXPECTED = {
    # name: width, height, seconds, sound, frames of the rendition, its width and height
    "h264.mp4": (128, 96, 1.0, True, 30, (128, 96)),
    "silent.mp4": (128, 96, 1.0, False, 30, (128, 96)),
    "rotated.mov": (96, 128, 1.0, True, 30, (96, 128)),
    "vertical.mp4": (96, 128, 1.0, True, 30, (96, 128)),
    "hevc.mp4": (128, 96, 1.0, True, 30, (128, 96)),
    "hdr.mp4": (128, 96, 1.0, False, 30, (128, 96)),
    "vp9.webm": (128, 96, 1.0, True, 30, (128, 96)),
    "av1.webm": (128, 96, 1.0, True, 30, (128, 96)),
    "av1.mp4": (128, 96, 1.0, True, 30, (128, 96)),
    "wide pixels.mp4": (128, 96, 1.0, True, 30, (128, 96)),
    "fragmented.mp4": (128, 96, 1.0, True, 30, (128, 96)),
    "fast.mp4": (128, 96, 1.0, True, 30, (128, 96)),
    "uneven.mp4": (128, 96, 1.0, True, 24, (128, 96)),
    "pcm.mov": (128, 96, 1.0, True, 30, (128, 96)),
    "animated.gif": (101, 77, 0.9, False, 9, (100, 76)),
    "animated.webp": (101, 77, 0.9, False, 9, (100, 76)),
    "animated.png": (101, 77, 0.9, False, 9, (100, 76)),
}


def sized(path: Path) -> tuple[str, str | None, int, int, str, int]:
    """Codec, profile, width, height, layout of pixels and colour matrix; the matrix of rotation is gone."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert frame.rotation == 0
        assert stream.sample_aspect_ratio in (None, 1)
        context = stream.codec_context
        return context.name, context.profile, frame.width, frame.height, frame.format.name, frame.colorspace


@pytest.mark.parametrize("name", INPUTS)
async def test_whatever_comes_in(runner: FilmRunner, tmp_path: Path, out_dir: Path, name: str) -> None:
    made = await runner.process_film(INPUTS[name](tmp_path / name), out_dir, LIMITS)
    width, height, seconds, has_sound, count, rendition = EXPECTED[name]
    assert (made.width, made.height, made.has_sound) == (width, height, has_sound)
    assert made.duration == pytest.approx(seconds, abs=0.07)
    side = min(width, height)
    sound = ["audio.m3u8", "audio.mp4"] if has_sound else []
    names = ["master.m3u8", f"{side}p.m3u8", f"{side}p.mp4", *sound, f"film-{side}p.mp4"]
    assert [file.name for file in made.files] == names
    for track in (f"{side}p.mp4", f"film-{side}p.mp4"):
        assert sized(out_dir / track) == ("h264", "High", *rendition, "yuv420p", 1)
        assert len(packets(out_dir / track)) == pytest.approx(count, abs=2)
    posters = {variant.path.name for variant in made.poster}
    planned = planned_variants(*rendition)
    assert posters == {f"poster-{variant_name(one, kind, is_square=cut)}" for kind, one, cut in planned}
    assert {path.name for path in out_dir.iterdir()} == {*names, *posters}
    assert ("audio" in (out_dir / "master.m3u8").read_text()) is has_sound


async def test_what_was_turned_stands_upright(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    """The picture itself is turned, not only its size: compared with the frame as Pillow turns it."""
    made = await runner.process_film(lying(tmp_path / "in.mov"), out_dir, LIMITS)
    with av.open(str(tmp_path / "in.mp4")) as plain, av.open(str(out_dir / "96p.mp4")) as upright:
        one, other = (picture_of(next(opened.decode(video=0))) for opened in (plain, upright))
    assert made.height > made.width
    wanted = one.transpose(Image.Transpose.ROTATE_90)
    assert difference(wanted, other) < 12 < difference(wanted.rotate(180), other)


def picture_of(frame: Any) -> Image.Image:
    picture: Image.Image = frame.to_image()
    return picture


def pixel(picture: Image.Image, x: int, y: int) -> tuple[int, ...]:
    value = picture.getpixel((x, y))
    assert isinstance(value, tuple)
    return tuple(int(one) for one in value)


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of grey values."""
    pairs = zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)
    return sum(abs(a - b) for a, b in pairs) / (one.width * one.height)


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
async def test_an_animation_keeps_its_times_and_lies_on_white(
    runner: FilmRunner, tmp_path: Path, out_dir: Path, kind: str
) -> None:
    await runner.process_film(animation(tmp_path / f"in.{kind}"), out_dir, LIMITS)
    with av.open(str(out_dir / "77p.mp4")) as container:
        pictures = [picture_of(frame) for frame in container.decode(video=0)]
    assert len(pictures) == sum(DELAYS) // 100
    shown = [step for step, delay in enumerate(DELAYS) for _ in range(delay // 100)]
    for step, picture in zip(shown, pictures, strict=True):
        red, green, _ = pixel(picture, step * 10 + 20, 30)
        assert red > 200
        assert green < 80
        assert min(pixel(picture, 95, 70)) > 230
        # The disc of the step before is gone.
        assert step == 0 or pixel(picture, step * 10 - 8, 30)[1] > 180


async def test_the_poster_is_not_black(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    made = await runner.process_film(black_first(tmp_path / "in.mp4"), out_dir, LIMITS)
    with Image.open(out_dir / "poster-128.jpg") as poster:
        assert min(pixel(poster, 64, 48)) > 230
    assert made.duration == 1


async def test_a_black_film_has_a_black_poster(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    source = film(tmp_path / "in.mp4", "h264", "-vf", "drawbox=c=black:t=fill", size=(64, 48), sound=None)
    await runner.process_film(source, out_dir, LIMITS)
    with Image.open(out_dir / "poster-64.jpg") as poster:
        assert max(pixel(poster, 32, 24)) < 30


async def test_what_the_camera_wrote_is_the_owners(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    source = tagged(film(tmp_path / "plain.mov", size=(64, 48)), tmp_path / "in.mov")
    made = await runner.process_film(source, out_dir, LIMITS)
    said = made.source
    assert (said.mime, said.camera, said.latitude, said.longitude) == (
        "video/quicktime",
        "Heliograph Phone 0",
        60,
        -21.5,
    )
    assert str(said.captured_at) == "2025-06-01 10:30:45+00:00"
    for path in out_dir.iterdir():
        data = path.read_bytes()
        words = (b"Heliograph", b"Phone", b"-021.5", b"2025-06")
        assert [word for word in words if word in data] == [], path.name


async def test_progress_ascends_to_one(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    seen: list[float] = []

    async def on_progress(share: float) -> None:
        seen.append(share)

    await runner.process_film(film(tmp_path / "in.mp4"), out_dir, LIMITS, on_progress=on_progress)
    assert seen == sorted(set(seen))
    assert seen[-1] == 1
    assert len(seen) >= 3


async def test_nothing_runs_on_for_nobody(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    source = film(tmp_path / "in.mp4", size=(640, 480), seconds=20)
    job = asyncio.create_task(runner.process_film(source, out_dir, LIMITS))
    while not any("ffmpeg" in child.name() for child in psutil.Process().children()):
        await asyncio.sleep(0.01)
    job.cancel()
    with pytest.raises(asyncio.CancelledError):
        await job
    assert not any("ffmpeg" in child.name() for child in psutil.Process().children())
    assert list(out_dir.iterdir()) == []
    made: RenderedFilm = await runner.process_film(film(tmp_path / "next.mp4", size=(64, 48)), out_dir, LIMITS)
    assert len(frames(out_dir / "48p.mp4")) == 30
    assert made.duration == 1


async def test_the_same_film_is_made_twice_alike(runner: FilmRunner, tmp_path: Path) -> None:
    """Also where its bit rate meets the ceiling, so that what is lost of it can be put back beside the rest."""
    source = film(tmp_path / "noise.mp4", "h264", "-vf", "noise=alls=40:allf=t", size=(854, 480), seconds=2)
    made = []
    for number in range(3):
        out = tmp_path / str(number)
        out.mkdir()
        files = (await runner.process_film(source, out, LIMITS)).files
        made.append({one.name: one.path.read_bytes() for one in files})
    assert made[0] == made[1] == made[2]
