"""A film played by hls.js in Chromium, by a page of another origin than the gateway's: every rendition to its end, and
from one to another in the middle. `HLS_JS` names `hls.min.js` of npm's package hls.js 1.x."""

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any
from urllib.parse import quote, urljoin

import orjson
import pytest

from media.film.runner import FilmRunner
from models.global_ids import NodeKind, encode
from services.backend import Backend
from services.posts.attaching import NewMedia
from services.posts.create import NewPost, create_post
from services.uploads.filming import process_film
from tests.api import Api
from tests.factories import make_user
from tests.filming import small_film
from tests.posting import links
from tests.uploading import Uploader, row_of, run_job
from tests.workers.town import tell

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
HLS_JS = Path(os.environ.get("HLS_JS", "hls.min.js"))
SECONDS = 9
LARGEST_GAP = 0.1
HEIGHTS = [
    *([240], [480], [720], [1080]),
    *([240, 480, 720, 1080], [1080, 720, 480, 240], [240, 1080, 240, 1080, 240]),
]
PAGE = (Path(__file__).parent / "player.html").read_text()
FILM = "query ($id: ID!) { node(id: $id) { ... on Video { hlsUrl durationSeconds } } }"

pytestmark = [
    pytest.mark.drill,
    pytest.mark.timeout(600),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium"),
    pytest.mark.skipif(not HLS_JS.exists(), reason="HLS_JS names no hls.min.js"),
]


class Theatre(BaseHTTPRequestHandler):
    """The page, hls.js, and what the page tells."""

    def __init__(self, told: "Queue[Any]", *arguments: Any) -> None:
        self._told = told
        super().__init__(*arguments)

    def do_GET(self) -> None:
        is_script = self.path.startswith("/hls.js")
        self._answer(
            "text/javascript" if is_script else "text/html", HLS_JS.read_bytes() if is_script else PAGE.encode()
        )

    def do_POST(self) -> None:
        self._told.put(orjson.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._answer("text/plain", b"")

    def _answer(self, content_type: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nobody reads it."""


@contextlib.contextmanager
def theatre(told: "Queue[Any]") -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Theatre, told)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextlib.asynccontextmanager
async def chromium(page: str) -> AsyncIterator[None]:
    assert CHROMIUM is not None
    with TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--autoplay-policy=no-user-gesture-required", "--mute-audio", f"--user-data-dir={profile}", page),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            yield
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 15)


async def heard(told: "Queue[Any]", seconds: float) -> Any:
    async with asyncio.timeout(seconds):
        while told.empty():
            await asyncio.sleep(0.05)
    return told.get()


@pytest.fixture
async def film(api: Api, backend: Backend, server_url: str) -> tuple[str, float]:
    """The master playlist of a real film with four renditions and sound, and its length."""
    await backend.storage.ensure_bucket()
    author = await make_user(backend)
    upload_id = await Uploader(backend, author.id).film(small_film(SECONDS, size="1920x1080"))
    async with FilmRunner() as runner:
        await run_job(backend, upload_id, "process_film", partial(process_film, runner))
    assert (await row_of(backend, upload_id))["status"] == "READY"
    await create_post(backend, links(backend), author.id, NewPost([NewMedia(upload_id)]))
    viewer = await make_user(backend)
    shown = await api.data(FILM, {"id": encode(NodeKind.VIDEO, upload_id)}, token=viewer.access_token)
    return urljoin(server_url, shown["node"]["hlsUrl"]), shown["node"]["durationSeconds"]


async def test_every_rendition_and_a_change_at_every_segment(film: tuple[str, float]) -> None:
    url, length = film
    told: Queue[Any] = Queue()
    runs = []
    with theatre(told) as page:
        async with chromium(f"{page}/?film={quote(url, safe='')}"):
            while not (run := await heard(told, 120)).get("over"):
                runs.append(run)
                tell(
                    f"{run['name']}: levels {run['levels']}, heights shown {run['heights']}, {run['reached']:.2f} of "
                    f"{length:.2f} s in {run['took']:.2f} s, {run['stalls']} stalls, begins at {run['lead']:.3f} s, "
                    f"widest gap {run['gap']:.3f} s, "
                    f"{run['frames']} frames, {run['dropped']} dropped; faults: {run['faults'] or 'none'}"
                )
    assert [run["name"] for run in runs] == ["240p", "480p", "720p", "1080p", "up", "down", "to and fro"]
    for run, heights in zip(runs, HEIGHTS, strict=True):
        assert (run["fatal"], run["stalls"], run["heights"]) == (False, 0, heights)
        # At 12 frames a second the first is shown two frames behind the beginning: players begin there.
        assert run["lead"] <= 2.1 / 12
        assert set(run["faults"]) <= {"mediaError bufferSeekOverHole"}
        assert run["reached"] == pytest.approx(length, abs=0.25)
        assert run["gap"] <= LARGEST_GAP
