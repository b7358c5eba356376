"""What a film is, by its bytes: container, codecs, size, length and pace, before anything of it is decoded."""

import mmap
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from media.containers import name_unsupported, read_head
from media.errors import MediaRejected, RejectionReason
from media.film import refusals, tags
from media.film.animations import Animation, look_at_animation
from media.film.boxes import is_mp4, look_at_mp4
from media.film.codecs import SOUND_CODECS, VIDEO_CODECS
from media.film.ebml import is_matroska, look_at_matroska
from media.film.ladder import pace_of, pace_of_animation
from media.film.look import Look, Track
from media.films import FilmLimits, ProbedFilm
from media.pictures import Source

_GRACE = 0.5
"""Seconds that a film may be longer than the limit: phones cut at frames, sound ends in packets."""
_HIDDEN = 10
"""Seconds that it may have besides, which an edit list cuts away."""
_OPTIONS = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm",
    "codec_whitelist": ",".join((*VIDEO_CODECS, "libdav1d", *SOUND_CODECS)),
    "probesize": str(5 * 2**20),
    "analyzeduration": "2000000",
}
_HDR = {16, 18}  # PQ and HLG, as ITU-T H.273 numbers transfer characteristics
_FAMILIES = {"video/mp4": "MP4", "video/quicktime": "MOV", "video/webm": "WebM"}
_NAMES = {"mov": "MP4", "matroska": "WebM"}
_ALIASES = {"video/x-m4v": "video/mp4", "video/x-matroska": "video/webm", "video/3gpp": "video/mp4"}


def probe_film(path: Path, limits: FilmLimits, declared_type: str | None = None) -> ProbedFilm:
    """Describe the film or the animated picture in `path`, or raise MediaRejected.

    `declared_type` is the content type under which it was announced; the bytes must agree with it.
    """
    size = path.stat().st_size
    if size == 0:
        raise MediaRejected(RejectionReason.EMPTY, "This file is empty.")
    if size > limits.max_bytes:
        raise refusals.too_many_bytes(size, limits.max_bytes)
    head = read_head(path)
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        animation = look_at_animation(data)
        if animation is not None:
            _check_type(animation.mime, declared_type)
            return _of_animation(animation, limits)
        look = _look_at(data, head)
    _check_type(look.mime, declared_type)
    track = look.first("video")
    if track is None:
        raise refusals.no_picture()
    _check_claims(look, track, limits)
    return _of_film(path, look, track, limits)


def _look_at(data: mmap.mmap, head: bytes) -> Look:
    if is_mp4(head):
        return look_at_mp4(data)
    if is_matroska(head):
        return look_at_matroska(data)
    name = name_unsupported(head)
    if name is not None and name not in {"MP4", "WebM", "QuickTime"}:
        raise MediaRejected(RejectionReason.UNSUPPORTED_TYPE, f"{name} files cannot be posted. {refusals.TAKEN}")
    raise refusals.not_a_film()


def _check_type(mime: str, declared_type: str | None) -> None:
    declared = _ALIASES.get(declared_type or "", declared_type or mime)
    # MP4 and MOV are one format, and phones name the one as the other.
    alike = {"video/quicktime": "video/mp4"}
    if alike.get(declared, declared) != alike.get(mime, mime):
        name, announced = _FAMILIES.get(mime, mime), _FAMILIES.get(declared, declared)
        raise MediaRejected(RejectionReason.WRONG_TYPE, f"This file was announced as {announced}, but it is {name}.")


def _check_claims(look: Look, track: Track, limits: FilmLimits) -> None:
    """What the file claims of itself, before a library reads it."""
    if look.seconds > limits.max_seconds + _GRACE + _HIDDEN:
        raise refusals.too_long(look.seconds, limits.max_seconds)
    _check_length(track.shown, limits)
    _check_size(track.width, track.height, limits)
    if track.frames > limits.max_frame_rate * (limits.max_seconds + _HIDDEN):
        raise refusals.too_fast(track.frames / max(track.seconds, 1e-3), limits.max_frame_rate)


def _check_length(seconds: float, limits: FilmLimits) -> None:
    if seconds > limits.max_seconds + _GRACE:
        raise refusals.too_long(seconds, limits.max_seconds)


def _check_size(width: int, height: int, limits: FilmLimits) -> None:
    if max(width, height) > limits.max_side:
        raise refusals.too_large(width, height, limits.max_side)


def _of_animation(animation: Animation, limits: FilmLimits) -> ProbedFilm:
    frames = len(animation.delays)
    if frames > limits.max_frames or animation.width * animation.height * frames > limits.max_frame_pixels:
        raise refusals.too_many_frames(frames, limits.max_frames)
    _check_size(animation.width, animation.height, limits)
    if not frames or not animation.width or not animation.height:
        raise refusals.no_picture()
    seconds = sum(animation.delays) / 1000
    _check_length(seconds, limits)
    return ProbedFilm(
        container=animation.container,
        codec={"webp_anim": "webp_anim"}.get(animation.container, animation.container),
        width=animation.width,
        height=animation.height,
        duration=seconds,
        frame_rate=float(pace_of_animation(animation.delays)),
        has_sound=False,
        is_hdr=False,
        is_animation=True,
        source=Source(animation.mime, animation.width, animation.height, pages=frames),
    )


def _of_film(path: Path, look: Look, track: Track, limits: FilmLimits) -> ProbedFilm:
    try:
        with av.open(str(path), format=look.container, options=_OPTIONS, metadata_errors="replace") as container:
            return _describe(container, look, track, limits)
    except av.error.FFmpegError as error:
        raise refusals.film_damaged() from error


def _describe(container: Any, look: Look, track: Track, limits: FilmLimits) -> ProbedFilm:
    if not container.streams.video:
        raise refusals.wrong_codec(track.codec)
    stream = container.streams.video[0]
    context = stream.codec_context
    codec = context.name if context is not None else track.codec
    codec = {"libdav1d": "av1"}.get(codec, codec)
    if codec not in VIDEO_CODECS:
        raise refusals.wrong_codec(codec)
    width, height = context.width, context.height
    if not width or not height:
        raise refusals.film_damaged()
    _check_size(width, height, limits)
    rate = track.rate or float(stream.average_rate or 30)
    if rate > limits.max_frame_rate + 1:
        raise refusals.too_fast(rate, limits.max_frame_rate)
    frames = track.frames or round(rate * (track.shown or look.seconds))
    if width * height * frames > limits.max_film_pixels:
        raise refusals.too_many_pixels_in_all(width, height, frames)
    ratio = stream.sample_aspect_ratio or Fraction(1)
    if Fraction(1, 10) <= ratio <= 10 and ratio != 1:
        width, height = (round(width * ratio), height) if ratio > 1 else (width, round(height / ratio))
        _check_size(width, height, limits)
    if track.turned:
        width, height = height, width
    return ProbedFilm(
        container=look.container,
        codec=codec,
        width=width,
        height=height,
        duration=track.shown or look.seconds,
        frame_rate=float(pace_of(rate)),
        has_sound=_has_sound(container),
        is_hdr=int(context.color_trc) in _HDR,
        is_animation=False,
        source=_source_of(container, look, width, height),
    )


def _has_sound(container: Any) -> bool:
    if not container.streams.audio:
        return False
    context = container.streams.audio[0].codec_context
    name = context.name if context is not None else "something unknown"
    name = {"mp3float": "mp3", "libopus": "opus", "libvorbis": "vorbis"}.get(name, name)
    if name not in SOUND_CODECS:
        raise refusals.wrong_sound(name)
    return True


def _source_of(container: Any, look: Look, width: int, height: int) -> Source:
    said = {key.lower(): value for key, value in container.metadata.items()}
    for key, value in container.streams.video[0].metadata.items():
        said.setdefault(key.lower(), value)
    place = tags.position(said)
    return Source(
        mime=look.mime,
        width=width,
        height=height,
        captured_at=tags.captured_at(said),
        camera=tags.camera(said),
        latitude=place[0] if place else None,
        longitude=place[1] if place else None,
    )
