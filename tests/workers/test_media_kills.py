"""Pictures and films whose worker or sandbox is killed on the way: READY in the end, once, and nothing lies about."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from rich.progress import track

from core import clock
from core.embedded.stack import Stack, environment
from core.settings import ROOT
from models.tables import MediaStatus
from services.backend import Backend
from services.uploads.orphans import sweep_all
from services.uploads.rows import object_keys
from tests.factories import make_user
from tests.filming import small_film
from tests.pictures import phone_photo, small_photo
from tests.uploading import Uploader, events_of, is_stored, row_of
from tests.workers.town import fleet_of, tell

POINTS = ("after_download", "after_render", "after_name", "after_put", "before_settle")
NAMED = POINTS[2:]
STORED = POINTS[3:]
HANDLERS = {"photo": "process_upload", "film": "process_film"}
DELIVERY = """
    SELECT d.state, d.progress, d.attempts FROM deliveries d JOIN events e ON e.id = d.event_id
    WHERE d.handler = $2 AND (e.payload->>'upload_id')::bigint = $1
"""
SECONDS = 120


@dataclass(slots=True)
class Darkroom:
    """Somebody who uploads, a relay, and workers that die."""

    stack: Stack
    backend: Backend
    uploader: Uploader
    folder: Path

    @property
    def work(self) -> Path:
        return self.folder / "work"

    def left(self) -> list[str]:
        """The files that are in the work folder."""
        return sorted(one.name for one in self.work.rglob("*") if one.is_file())

    async def begin(self, kind: str, data: bytes) -> int:
        """A photograph or a film that is to be made. The upload's id."""
        return await self.uploader.film(data) if kind == "film" else (await self.uploader.finish(data)).id

    async def delivery(self, kind: str, upload_id: int) -> Any:
        [row] = await self.backend.reader().on_shard_of(upload_id, DELIVERY, upload_id, HANDLERS[kind])
        return row

    async def objects(self, *prefixes: str) -> list[str]:
        pages = [await self.backend.storage.page(prefix) for prefix in prefixes]
        return [one.key for page in pages for one in page]

    @contextlib.asynccontextmanager
    async def worker(self, crash_at: str = "") -> AsyncIterator[psutil.Process]:
        variables = {"CRASH_AT": crash_at, "HELIOGRAPH_DATA": str(self.folder)}
        with (self.folder / "worker.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "workers.run", "media",
                env={**os.environ, **environment(self.stack.settings), **variables}, cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip
        try:
            yield psutil.Process(process.pid)
        finally:
            if process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    process.terminate()
            await asyncio.wait_for(process.wait(), 15)

    async def killed(self, point: str) -> None:
        """Runs a worker until it dies at the point, and all its children with it."""
        children: set[psutil.Process] = set()
        async with self.worker(f"{point}:1") as worker, asyncio.timeout(SECONDS):
            while worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE:
                with contextlib.suppress(psutil.NoSuchProcess):
                    children |= set(worker.children(recursive=True))
                await asyncio.sleep(0.02)
        assert (self.folder / "crashes" / f"{point}:1").exists()
        await until(lambda: not any(child.is_running() for child in children), 5)
        assert children

    async def settled(self, kind: str, upload_id: int) -> float:
        """Waits for the end of the job. The seconds that it took."""
        began = clock.monotonic()
        async with asyncio.timeout(SECONDS):
            while (await self.delivery(kind, upload_id))["state"] != "DONE":
                await asyncio.sleep(0.02)
        return clock.monotonic() - began

    async def assert_half_done(self, kind: str, upload_id: int, point: str) -> None:
        """As it must be at that point: what is named, what is stored, what is in the work folder."""
        assert (await self.uploader.see(upload_id)).status is MediaStatus.PROCESSING
        assert await events_of(self.backend, upload_id) == [BEGUN[kind]]
        delivery = await self.delivery(kind, upload_id)
        assert (delivery["state"], delivery["attempts"]) == ("ENQUEUED", 1)
        named = (delivery["progress"] or {"keys": []})["keys"]
        assert bool(named) is (point in NAMED)
        stored = [key for key in await self.objects("variants/") if key in named]
        assert stored == (sorted(named) if point in STORED else [])
        left = self.left()
        assert left == [] if point == "before_settle" else "original" in left
        assert (left == ["original"]) is (point == "after_download")

    async def assert_whole(self, kind: str, upload_id: int, *attempts: int) -> None:
        """READY, by one of so many tries, one result, all that it names is there, and all that any try put is named."""
        row = await row_of(self.backend, upload_id)
        assert (row["status"], row["failure_reason"]) == (MediaStatus.READY.value, None)
        assert await events_of(self.backend, upload_id) == [BEGUN[kind], "UploadProcessed"]
        delivery = await self.delivery(kind, upload_id)
        assert delivery["state"] == "DONE"
        assert delivery["attempts"] in attempts
        keys = object_keys(row)
        assert all([await is_stored(self.backend, key) for key in keys])
        assert sorted(delivery["progress"]["keys"]) == sorted(key for key in keys if key.startswith("variants/"))
        assert list(self.work.iterdir()) == []

    async def assert_no_orphans(self, upload_ids: list[int]) -> None:
        """The sweep sees all objects, and finds none that belongs to nothing."""
        before = await self.objects("originals/", "variants/")
        assert await sweep_all(self.backend, lambda *_: None) == (len(before), 0)
        assert {key for one in upload_ids for key in object_keys(await row_of(self.backend, one))} <= set(before)


BEGUN = {"photo": "UploadFinished", "film": "FilmFinished"}


async def until(is_so: Callable[[], bool], seconds: float) -> None:
    async with asyncio.timeout(seconds):
        while not is_so():
            await asyncio.sleep(0.005)


@pytest.fixture
async def darkroom(
    own_stack: Stack, own_backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Darkroom]:
    # Everything is old enough to be swept, also by a clock that goes a little behind.
    monkeypatch.setattr("services.uploads.orphans.YOUNGEST", timedelta(seconds=-5))
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        yield Darkroom(own_stack, own_backend, Uploader(own_backend, (await make_user(own_backend)).id), tmp_path)


@pytest.mark.timeout(120)
async def test_a_worker_killed_at_a_point_of_either_job(darkroom: Darkroom) -> None:
    photo = await darkroom.begin("photo", small_photo())
    await darkroom.killed("process_upload.after_name")
    await darkroom.assert_half_done("photo", photo, "after_name")
    film = await darkroom.begin("film", small_film())
    await darkroom.killed("process_film.after_put")
    await darkroom.assert_half_done("film", film, "after_put")
    async with darkroom.worker():
        await darkroom.settled("photo", photo)
        await darkroom.settled("film", film)
    # The second worker, which the film killed, may have had the photograph in hand.
    await darkroom.assert_whole("photo", photo, 2, 3)
    await darkroom.assert_whole("film", film, 2)
    await darkroom.assert_no_orphans([photo, film])


def kill(processes: list[psutil.Process]) -> None:
    assert processes
    for process in processes:
        process.send_signal(signal.SIGKILL)


@pytest.mark.timeout(180)
async def test_a_sandbox_and_ffmpeg_killed_in_the_middle(darkroom: Darkroom) -> None:
    """The worker goes on and tries again."""
    async with darkroom.worker() as worker:
        photo = await darkroom.begin("photo", phone_photo())
        await until(lambda: any(name != "original" for name in darkroom.left()), SECONDS)
        kill([child for child in worker.children(recursive=True) if "media.sandbox" in child.cmdline()])
        seconds = await darkroom.settled("photo", photo)
        tell(f"kill -9 of the sandbox in mid-render: READY after {seconds:.2f} s")
        await darkroom.assert_whole("photo", photo, 2)

        film = await darkroom.begin("film", small_film(10, size="1280x720"))
        coded = darkroom.work.glob
        await until(lambda: any(one.stat().st_size for one in coded("process_film-*/rendering/**/*.mp4")), SECONDS)
        kill([child for child in worker.children(recursive=True) if child.name().startswith("ffmpeg")])
        seconds = await darkroom.settled("film", film)
        tell(f"kill -9 of ffmpeg in mid-encode: READY after {seconds:.2f} s")
        await darkroom.assert_whole("film", film, 2)
        assert worker.is_running()
    await darkroom.assert_no_orphans([photo, film])


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_a_worker_killed_at_every_point_of_either_job(darkroom: Darkroom) -> None:
    rounds = [(kind, point) for kind in HANDLERS for point in POINTS]
    done, told = [], []
    for kind, point in track(rounds, "kills"):
        upload_id = await darkroom.begin(kind, small_film() if kind == "film" else phone_photo())
        await darkroom.killed(f"{HANDLERS[kind]}.{point}")
        await darkroom.assert_half_done(kind, upload_id, point)
        named = len(((await darkroom.delivery(kind, upload_id))["progress"] or {"keys": []})["keys"])
        stored = named if point in STORED else 0
        async with darkroom.worker():
            seconds = await darkroom.settled(kind, upload_id)
        await darkroom.assert_whole(kind, upload_id, 2)
        done.append(upload_id)
        told.append(
            f"{kind}, kill -9 at {point}: {named} objects named, {stored} stored then; READY {seconds:.2f} s after the "
            "next worker was started"
        )
    await darkroom.assert_no_orphans(done)
    tell("\n".join(told))
    tell("orphans that the sweep found: 0; files in the work folder: 0")
