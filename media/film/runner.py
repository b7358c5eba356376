"""Films of strangers, made into what every phone plays, beside the event loop."""

import asyncio
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from media.child import OnProgress
from media.errors import MediaProcessingFailed, MediaRejected
from media.film import command, playlists
from media.film.child import FilmChild
from media.film.ffmpeg import FfmpegLimits, run_ffmpeg
from media.film.ladder import Rendition, progressive_of, renditions_of
from media.film.protocol import FilmReply, FilmTask
from media.film.refusals import film_damaged, too_long
from media.films import FilmFile, FilmLimits, FilmVariant, ProbedFilm, RenderedFilm
from media.pictures import Rendered

_MP4 = "video/mp4"
_SOUND_MP4 = "audio/mp4"
_CODED, _JOINED = 0.92, 0.95
"""Shares of the work that are done when the renditions are there, and when the whole film is."""


@dataclass(frozen=True, slots=True)
class FilmSandboxLimits:
    """What the sandbox may have: address space, CPU and wall-clock seconds per task, tasks in its life; and how readily
    it lets others go first, 19 at most. And ffmpeg."""

    memory_bytes: int = 1024 * 2**20
    cpu_seconds: int = 20
    wall_seconds: float = 60
    jobs: int = 500
    niceness: int = 0
    ffmpeg: FfmpegLimits = field(default_factory=FfmpegLimits)


class FilmRunner:
    """One warm sandbox that looks at films and makes posters, and an ffmpeg for each film that is coded. One film at a
    time: a film waits for the one before it.

    Use as `async with FilmRunner() as runner`, or call `start` and `close`.
    """

    def __init__(self, sandbox: FilmSandboxLimits | None = None) -> None:
        self._sandbox = sandbox or FilmSandboxLimits()
        self._free = asyncio.Lock()
        self._child: FilmChild | None = None

    async def start(self) -> None:
        """Start the sandbox now, so that the first film need not wait."""
        self._child = await FilmChild.start(self._sandbox.memory_bytes, self._sandbox.niceness)

    async def close(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            await child.close()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def process_film(
        self,
        source: Path,
        out_dir: Path,
        limits: FilmLimits,
        *,
        declared_type: str | None = None,
        on_progress: OnProgress | None = None,
    ) -> RenderedFilm:
        """Probe `source`, a film or an animated picture, and write everything that is made of it into `out_dir`, which
        must exist.

        `on_progress` is awaited with 0..1, ascending. Raises MediaRejected where the file is at fault,
        MediaProcessingFailed where trying again may help.
        """
        told = _Telling(on_progress)
        source, out_dir = _absolute(source), _absolute(out_dir)
        async with self._free:
            film = await self._probe(source, limits, declared_type)
            with tempfile.TemporaryDirectory(prefix=".film-", dir=out_dir) as folder:
                made = _Made(Path(folder), out_dir, film, renditions_of(film.width, film.height))
                return await self._make(source, made, limits, told)

    async def _make(self, source: Path, made: "_Made", limits: FilmLimits, told: "_Telling") -> RenderedFilm:
        film, folder = made.film, made.folder
        arguments = command.encode(source, folder, film, limits, made.renditions)

        async def on_seconds(seconds: float) -> None:
            await told.tell(_CODED * min(1.0, seconds / max(film.duration, 0.1)))

        await run_ffmpeg(arguments, self._sandbox.ffmpeg, on_seconds)
        await told.tell(_CODED)
        made.read(limits)
        joined = progressive_of(made.renditions)
        target = folder / f"film-{joined.name}.mp4"
        await run_ffmpeg(command.join(folder, joined, target, has_sound=film.has_sound), self._sandbox.ffmpeg)
        await told.tell(_JOINED)
        poster = await self._make_poster(folder, made.out_dir)
        files, variant = made.keep(target, joined)
        await told.tell(1.0)
        return RenderedFilm(
            width=film.width,
            height=film.height,
            duration=round(made.seconds, 3),
            has_sound=film.has_sound,
            blurhash=poster.blurhash,
            poster=poster.variants,
            files=files,
            master=playlists.MASTER,
            variants=[variant],
            source=film.source,
        )

    async def _probe(self, source: Path, limits: FilmLimits, declared_type: str | None) -> ProbedFilm:
        task = FilmTask(source, self._sandbox.cpu_seconds, limits, declared_type)
        probed = (await self._ask(task)).probed
        assert probed is not None  # noqa: S101  the sandbox answers what it was asked
        return probed

    async def _make_poster(self, folder: Path, out_dir: Path) -> Rendered:
        still = folder / command.STILL
        reply = await self._ask(FilmTask(still, self._sandbox.cpu_seconds, out_dir=out_dir))
        assert reply.poster is not None  # noqa: S101  the sandbox answers what it was asked
        return reply.poster

    async def _ask(self, task: FilmTask) -> FilmReply:
        child, self._child = self._child, None
        if child is not None and (not child.is_alive or child.jobs >= self._sandbox.jobs):
            await child.kill()
            child = None
        child = child or await FilmChild.start(self._sandbox.memory_bytes, self._sandbox.niceness)
        try:
            reply = await child.ask(task, self._sandbox.wall_seconds)
        except MediaRejected:
            if child.is_alive:
                self._child = child
            raise
        except BaseException:
            # Whatever it was doing, nobody waits for it any more.
            await asyncio.shield(child.kill())
            raise
        self._child = child
        return reply


def _absolute(path: Path) -> Path:
    return path.absolute()  # the sandbox has another working directory


class _Telling:
    """Progress that never goes back."""

    def __init__(self, on_progress: OnProgress | None) -> None:
        self._on_progress = on_progress
        self._told = 0.0

    async def tell(self, share: float) -> None:
        if self._on_progress is not None and share > self._told:
            self._told = share
            await self._on_progress(share)


class _Made:
    """What ffmpeg wrote, read again: its playlists are made of what is there, not of what was meant to be."""

    def __init__(self, folder: Path, out_dir: Path, film: ProbedFilm, renditions: list[Rendition]) -> None:
        self.folder, self.out_dir, self.film = folder, out_dir, film
        self.renditions = renditions
        self._pictures: list[playlists.Stream] = []
        self._sound: playlists.Stream | None = None

    @property
    def seconds(self) -> float:
        return self._pictures[0].seconds

    def read(self, limits: FilmLimits) -> None:
        """Raises MediaRejected where the film is another than its headers said."""
        self._pictures = [playlists.read_stream(self.folder / f"{one.name}.mp4") for one in self.renditions]
        if self.seconds > limits.max_seconds + 0.75:
            raise too_long(self.seconds, limits.max_seconds)
        if self.seconds < self.film.duration / 2 - 1:
            raise film_damaged()
        if len({tuple(one.seconds for one in stream.segments) for stream in self._pictures}) != 1:
            raise MediaProcessingFailed("the renditions differ in their segments")

    def keep(self, joined: Path, rendition: Rendition) -> tuple[list[FilmFile], FilmVariant]:
        """Write the playlists and put everything where it belongs."""
        if self.film.has_sound:
            sound = self.folder / f"{playlists.SOUND}.mp4"
            playlists.delay(sound, self._pictures[0].lead)
            self._sound = playlists.read_stream(sound)
        named = zip(self._pictures, self.renditions, strict=True)
        pictures = [(stream, one.width, one.height) for stream, one in named]
        files = [self._write(playlists.MASTER, playlists.master_of(pictures, self.film.frame_rate, self._sound))]
        for stream in [*self._pictures, *([self._sound] if self._sound else [])]:
            files.append(self._write(f"{stream.name}.m3u8", stream.playlist()))
            kind = _SOUND_MP4 if stream is self._sound else _MP4
            files.append(self._move(self.folder / f"{stream.name}.mp4", kind))
        files.append(self._move(joined, _MP4))
        size = files[-1].bytes
        bitrate = round(size * 8 / max(self.seconds, 1e-3))
        return files, FilmVariant(joined.name, rendition.width, rendition.height, bitrate, size)

    def _write(self, name: str, text: str) -> FilmFile:
        path = self.out_dir / name
        path.write_text(text)
        return FilmFile(name, playlists.CONTENT_TYPE, path.stat().st_size, path)

    def _move(self, path: Path, content_type: str) -> FilmFile:
        placed = path.replace(self.out_dir / path.name)
        return FilmFile(placed.name, content_type, placed.stat().st_size, placed)
