"""What is refused: by its headers, with a sentence, at once, and without opening anything else."""

import asyncio
import subprocess
from pathlib import Path

import pytest

from media.errors import MediaRejected, RejectionReason
from media.film import command
from media.film.ffmpeg import FfmpegLimits, program, run_ffmpeg
from media.film.ladder import renditions_of
from media.film.runner import FilmRunner
from media.films import FilmLimits, ProbedFilm
from media.pictures import Source
from tests.media.film.filming import film
from tests.media.film.hostile import MAKERS, listening, playlist, watched

LIMITS = FilmLimits()
Why = RejectionReason
REFUSALS = {
    "movie claims.mp4": (Why.TOO_LONG, "This video lasts 1e+09 seconds; the longest that can be posted here is 60"),
    "media claims.mp4": (Why.TOO_LONG, "This video lasts 1e+09 seconds; the longest that can be posted here is 60"),
    "samples claim.mp4": (Why.TOO_LONG, "the longest that can be posted here is 60 seconds."),
    "claims.webm": (Why.TOO_LONG, "This video lasts 1e+09 seconds; the longest that can be posted here is 60"),
    "long.mp4": (Why.TOO_LONG, "This video lasts 62 seconds; the longest that can be posted here is 60 seconds."),
    "cut.mp4": (Why.TRUNCATED, "This video is incomplete: the end of the file is missing. Please send it again."),
    "cut behind its index.mp4": (Why.TRUNCATED, "the end of the file is missing"),
    "cut.mov": (Why.TRUNCATED, "the end of the file is missing"),
    "cut.webm": (Why.TRUNCATED, "the end of the file is missing"),
    "sound.mp4": (Why.NO_VIDEO, "This file has no moving picture, only sound or text."),
    "codec.mp4": (Why.UNSUPPORTED_CODEC, "This video is coded as mpeg4. MP4, MOV and WebM videos with H.264"),
    "wrong.webm": (Why.WRONG_TYPE, "This file was announced as WebM, but it is MP4."),
    "frames.gif": (Why.TOO_COMPLEX, "This animation has 100,000 frames; the most that can be posted is 1,000."),
    "text.mp4": (Why.NOT_A_FILM, "This file is not a video. MP4, MOV and WebM videos"),
    "noise.mp4": (Why.TRUNCATED, "This video is incomplete"),
    "playlist.mp4": (Why.UNSUPPORTED_TYPE, "Playlist files cannot be posted."),
    "picture.svg": (Why.UNSUPPORTED_TYPE, "SVG files cannot be posted."),
    "paper.pdf": (Why.UNSUPPORTED_TYPE, "PDF files cannot be posted."),
    "empty.mp4": (Why.EMPTY, "This file is empty."),
}


@pytest.mark.parametrize("name", REFUSALS)
async def test_refused_by_its_headers(runner: FilmRunner, tmp_path: Path, out_dir: Path, name: str) -> None:
    source = MAKERS[name](tmp_path / name)
    declared = "video/webm" if name == "wrong.webm" else None
    with pytest.raises(MediaRejected) as caught:
        await runner.process_film(source, out_dir, LIMITS, declared_type=declared)
    reason, sentence = REFUSALS[name]
    assert caught.value.reason is reason
    assert sentence in caught.value.message
    assert list(out_dir.iterdir()) == []


async def test_too_many_pixels_in_all(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    source = film(tmp_path / "much.mp4", size=(128, 96), rate=50, sound=None)
    with pytest.raises(MediaRejected) as caught:
        await runner.process_film(source, out_dir, FilmLimits(max_film_pixels=50 * 128 * 96 - 1))
    assert caught.value.reason is Why.TOO_COMPLEX
    assert caught.value.message == (
        "This video has 50 pictures of 128 × 96 pixels, which is too much: make it smaller, or show fewer pictures per"
        " second."
    )
    assert list(out_dir.iterdir()) == []
    made = await runner.process_film(source, out_dir, FilmLimits(max_film_pixels=50 * 128 * 96))
    assert made.duration == 1


async def test_too_many_bytes(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    source = tmp_path / "large.mp4"
    with source.open("wb") as file:
        file.truncate(LIMITS.max_bytes + 2**20)
    with pytest.raises(MediaRejected) as caught:
        await runner.process_film(source, out_dir, LIMITS)
    assert caught.value.message == "This video has 101.0 MB; the most that can be posted is 100 MB."


async def test_a_reel_may_be_longer(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    source = MAKERS["long.mp4"](tmp_path / "long.mp4")
    made = await runner.process_film(source, out_dir, FilmLimits(max_seconds=90))
    assert made.duration == 62


async def test_a_playlist_opens_nothing(runner: FilmRunner, tmp_path: Path, out_dir: Path) -> None:
    """Neither by the whole way, nor by ffmpeg's command alone, were the probe to let it through; with and without a
    network of its own."""
    secret = film(tmp_path / "secret.mp4", size=(64, 48), sound=None)
    with listening() as server, watched(secret) as seen:
        address = f"http://127.0.0.1:{server.getsockname()[1]}/secret.mp4"
        source = playlist(tmp_path / "in.mp4", f"file://{secret}", str(secret), secret.name, address)
        with pytest.raises(MediaRejected):
            await runner.process_film(source, out_dir, LIMITS)
        for container in ("mov", "matroska"):
            probed = ProbedFilm(
                *(container, "h264", 64, 48, 1.0, 30.0),
                has_sound=False, is_hdr=False, is_animation=False, source=Source("video/mp4", 64, 48),
            )  # fmt: skip
            arguments = command.encode(source, out_dir, probed, LIMITS, renditions_of(64, 48))
            with pytest.raises(MediaRejected):
                await run_ffmpeg(arguments, FfmpegLimits())
            bare = await asyncio.to_thread(subprocess.run, [program(), *arguments], capture_output=True, check=False)
            assert bare.returncode != 0
            with pytest.raises(BlockingIOError):
                server.accept()
    assert seen == []
    assert list(out_dir.glob("*.mp4")) in ([], [out_dir / "48p.mp4"])


def test_the_watch_sees(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("y")
    with watched(path) as seen:
        path.read_text()
    assert len(seen) == 1
