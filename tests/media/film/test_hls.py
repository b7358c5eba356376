"""The HLS of a film played through: over HTTP, every rendition, and from one to another in the middle."""

import re
import threading
from collections.abc import AsyncIterator, Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any

import av
import pytest

from media.film.runner import FilmRunner
from media.films import FilmLimits, RenderedFilm
from tests.media.film.filming import film, frames, packets

SECONDS = 5


class Ranged(SimpleHTTPRequestHandler):
    """Files of a folder, whole or a range of bytes."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        data = Path(self.translate_path(self.path)).read_bytes()
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        first = int(found[1]) if found else 0
        last = min(int(found[2] or len(data) - 1), len(data) - 1) if found else len(data) - 1
        self.send_response(206 if found else 200)
        if found:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(data)}")
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last + 1 - first))
        self.end_headers()
        self.wfile.write(data[first : last + 1])

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@pytest.fixture(scope="module")
async def made(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[RenderedFilm, Path]]:
    """Five seconds in three renditions, with sound: two whole segments and a short one."""
    folder = tmp_path_factory.mktemp("hls")
    source = film(folder / "in.mp4", size=(960, 720), seconds=SECONDS, rate=15)
    out_dir = folder / "out"
    out_dir.mkdir()
    async with FilmRunner() as runner:
        yield await runner.process_film(source, out_dir, FilmLimits()), out_dir


@pytest.fixture(scope="module")
def served(made: tuple[RenderedFilm, Path]) -> Iterator[str]:
    def handler(*arguments: Any) -> Ranged:
        return Ranged(*arguments, directory=str(made[1]))

    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def ranges(playlist: Path) -> tuple[bytes, list[bytes]]:
    """What a playlist says stands before its segments, and the segments."""
    text = playlist.read_text()
    data = playlist.with_suffix(".mp4").read_bytes()
    head = re.search(r'BYTERANGE="(\d+)@0"', text)
    assert head is not None
    found = re.findall(r"#EXT-X-BYTERANGE:(\d+)@(\d+)", text)
    assert sum(int(size) for size, _ in found) + int(head[1]) == len(data)
    return data[: int(head[1])], [data[int(at) : int(at) + int(size)] for size, at in found]


def test_the_master_names_every_rendition(made: tuple[RenderedFilm, Path]) -> None:
    film, out_dir = made
    assert [file.name for file in film.files] == [
        *("master.m3u8", "240p.m3u8", "240p.mp4", "480p.m3u8", "480p.mp4", "720p.m3u8", "720p.mp4"),
        *("audio.m3u8", "audio.mp4", "film-720p.mp4"),
    ]
    assert all(file.path == out_dir / file.name and file.bytes == file.path.stat().st_size for file in film.files)
    lines = (out_dir / "master.m3u8").read_text().splitlines()
    assert lines[:3] == ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    assert 'TYPE=AUDIO,GROUP-ID="sound"' in lines[3]
    streams = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert [re.search(r"RESOLUTION=(\S+?),", line)[1] for line in streams] == ["320x240", "640x480", "960x720"]  # type: ignore[index]
    for line, name in zip(streams, ("240p", "480p", "720p"), strict=True):
        assert re.search(r'FRAME-RATE=15.000,CODECS="avc1\.6400[0-9a-f]{2},mp4a\.40\.2",AUDIO="sound"', line)
        peak, average = (int(number) for number in re.findall(r"BANDWIDTH=(\d+)", line))
        sound, picture = ((out_dir / f"{one}.mp4").stat().st_size * 8 / SECONDS for one in ("audio", name))
        assert average == pytest.approx(sound + picture, rel=0.03)
        assert average <= peak < 3 * average


@pytest.mark.parametrize("number", range(3))
def test_a_player_gets_every_rendition_over_http(made: tuple[RenderedFilm, Path], served: str, number: int) -> None:
    with av.open(f"{served}/master.m3u8") as player:
        assert [stream.type for stream in player.streams] == ["audio", "video", "video", "video"]
        assert player.duration == SECONDS * 1_000_000 == made[0].duration * 1_000_000
        shown = [float(frame.time or 0) for frame in player.decode(player.streams.video[number])]
    assert len(shown) == 15 * SECONDS
    assert [time - shown[0] for time in shown] == pytest.approx([step / 15 for step in range(75)], abs=1e-3)


def test_a_player_gets_the_sound_over_http(made: tuple[RenderedFilm, Path], served: str) -> None:
    with av.open(f"{served}/master.m3u8") as player:
        samples = sum(frame.samples for frame in player.decode(audio=0))
    assert samples / 48_000 == pytest.approx(SECONDS, abs=0.05)


def test_keyframes_stand_at_the_same_moments(made: tuple[RenderedFilm, Path]) -> None:
    keys = [
        [time for time, _, is_key in packets(made[1] / f"{name}.mp4") if is_key] for name in ("240p", "480p", "720p")
    ]
    assert keys[0] == keys[1] == keys[2]
    assert [key - keys[0][0] for key in keys[0]] == pytest.approx([0, 2, 4], abs=1e-3)


def test_no_gap_where_a_player_changes_rendition(made: tuple[RenderedFilm, Path], tmp_path: Path) -> None:
    for before, after in permutations(("240p", "480p", "720p"), 2):
        heads, segments = zip(*(ranges(made[1] / f"{name}.m3u8") for name in (before, after)), strict=True)
        times: list[float] = []
        for place in range(3):
            side = 0 if place < 1 else 1
            piece = tmp_path / f"{before}-{after}-{place}.mp4"
            piece.write_bytes(heads[side] + segments[side][place])
            # Each segment decodes by itself, with the head of its own rendition.
            times += frames(piece)
        steps = [later - earlier for earlier, later in pairwise(times)]
        assert len(times) == 15 * SECONDS
        assert steps == pytest.approx([1 / 15] * len(steps), abs=1e-3)


def test_sound_and_picture_begin_together(made: tuple[RenderedFilm, Path]) -> None:
    picture, sound = (packets(made[1] / f"{name}.mp4", kind)[0][0] for name, kind in (("480p", "v"), ("audio", "a")))
    assert picture == pytest.approx(sound, abs=1e-3)
    whole = made[1] / "film-720p.mp4"
    assert packets(whole, "v")[0][0] == packets(whole, "a")[0][0] == 0
    assert len(packets(whole, "v")) == 15 * SECONDS


def test_the_file_that_plays_by_itself_begins_with_its_index(made: tuple[RenderedFilm, Path]) -> None:
    (variant,) = made[0].variants
    data = (made[1] / variant.name).read_bytes()
    assert (variant.width, variant.height, variant.bytes) == (960, 720, len(data))
    assert variant.bitrate == pytest.approx(len(data) * 8 / SECONDS, rel=0.01)
    assert data.index(b"moov") < data.index(b"mdat")
