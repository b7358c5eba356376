"""What is said about films between the rooms, without ffmpeg."""

from dataclasses import dataclass
from pathlib import Path

from media.pictures import Source, Variant


@dataclass(frozen=True, slots=True)
class FilmLimits:
    """The most that one film may have, as its headers say before anything is decoded.

    `max_side` is of the longer side in pixels, `max_frame_rate` in frames per second as declared: more than is kept,
    since phones film slow motion at 240. `max_film_pixels` is of all its frames together: a minute of 7,680 × 4,320
    at 60 a second, or more than 90 seconds of 3,840 × 2,160 at 120; more would take longer than a job may.
    `max_frames` is of an animated picture, `max_frame_pixels` of all its frames together.
    """

    max_bytes: int = 100 * 2**20
    max_seconds: float = 60
    max_side: int = 7_680
    max_frame_rate: float = 240
    max_film_pixels: int = 120_000_000_000
    max_frames: int = 1_000
    max_frame_pixels: int = 2_000_000_000


@dataclass(frozen=True, slots=True)
class ProbedFilm:
    """What a film's headers say. `width` and `height` are as it is to be seen: upright, with square pixels.

    `container` is the demuxer that reads it (mov, matroska, gif, apng, webp_anim). `frame_rate` is what its renditions
    will have, `duration` in seconds. `is_hdr` says that its light must be brought down to what every screen shows.
    """

    container: str
    codec: str
    width: int
    height: int
    duration: float
    frame_rate: float
    has_sound: bool
    is_hdr: bool
    is_animation: bool
    source: Source


@dataclass(frozen=True, slots=True)
class FilmFile:
    """An object to be stored under this name; playlists name the others by theirs, so they stay together."""

    name: str
    content_type: str
    bytes: int
    path: Path


@dataclass(frozen=True, slots=True)
class FilmVariant:
    """A file that plays by itself, with sound: one of the `files`. `bitrate` in bits per second."""

    name: str
    width: int
    height: int
    bitrate: int
    bytes: int


@dataclass(frozen=True, slots=True)
class RenderedFilm:
    """Everything made of a film. Width and height are the upright original's, `duration` is in seconds.

    `poster` has the pictures of a photograph (their files are named `poster-…` and are not among `files`). `files` has
    the master playlist (its name is `master`), the others, the tracks that they name, and the `variants`.
    """

    width: int
    height: int
    duration: float
    has_sound: bool
    blurhash: str
    poster: list[Variant]
    files: list[FilmFile]
    master: str
    variants: list[FilmVariant]
    source: Source
