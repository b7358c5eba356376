"""The one command that makes every rendition of a film, and the one that makes the file that plays by itself."""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from media.film.codecs import SOUND_CODECS, VIDEO_CODECS
from media.film.ladder import SOUND_RATE, Rendition, frames_per_segment, pace_of
from media.films import FilmLimits, ProbedFilm

PRESET = "veryfast"
CRF = 23
THREADS = 2
STILL = "still.png"
_POSTER_SECONDS = 10
_BLACK = "blackframe=amount=0:threshold=40,metadata=mode=select:key=lavfi.blackframe.pblack:value=95:function=less"
_DECODERS = {"h264": "h264", "hevc": "hevc", "vp9": "vp9", "av1": "libdav1d", "gif": "gif", "apng": "apng"}
_PIXELS = 7_680 * 7_680
# Priming: what AAC sends before the first sample is as long as what is cut off, so that sound and picture agree.
_PRIMING = 1024
_TONE_MAP = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,"
    "zscale=t=bt709:m=bt709:r=tv:d=error_diffusion"
)
_FLATTEN = (
    "format=rgba,split[seen][ground];[ground]drawbox=c=white:t=fill:replace=1[white];[white][seen]overlay=format=auto"
)
_QUIET = ("-nostdin", "-hide_banner", "-v", "error")
_CLEAN = ("-map_metadata", "-1", "-map_chapters", "-1", "-sn", "-dn", "-fflags", "+bitexact", "-flags", "+bitexact")


def encode(
    source: Path, out_dir: Path, film: ProbedFilm, limits: FilmLimits, renditions: Sequence[Rendition]
) -> list[str]:
    """ffmpeg's arguments: decodes once; writes `{name}.mp4` of each rendition, `audio.mp4` where there is sound, and
    a still: the first frame that is not black, or the first of a film that is black for long."""
    given = [*_QUIET, "-progress", "pipe:1", "-stats_period", "0.5", "-y"]
    given += [*_input(film), "-t", f"{limits.max_seconds + 1:g}", "-i", f"file:{source}"]
    given += ["-filter_complex_threads", str(THREADS), "-filter_complex", _graph(film, renditions)]
    for rendition in renditions:
        given += ["-map", f"[{rendition.name}]", *_CLEAN, *picture(film, rendition)]
        given += _fragmented("frag_keyframe", out_dir / f"{rendition.name}.mp4")
    if film.has_sound:
        given += ["-map", "[sound]", *_CLEAN, "-c:a", "aac", "-b:a", str(SOUND_RATE), "-ac", "2"]
        given += ["-frag_duration", "2000000", *_fragmented("", out_dir / "audio.mp4")]
    given += ["-map", "[still]", *_CLEAN, "-frames:v", "1", "-c:v", "png", "-threads", "1"]
    given += ["-f", "image2", "-update", "1", str(out_dir / STILL)]
    return given


def _input(film: ProbedFilm) -> list[str]:
    decoder = _DECODERS.get(film.codec)
    names = [decoder] if decoder else [film.codec, "webp"]
    formats = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "matroska": "matroska,webm"}.get(film.container, film.container)
    given = ["-protocol_whitelist", "file", "-format_whitelist", formats]
    given += ["-codec_whitelist", ",".join((*names, *VIDEO_CODECS, *SOUND_CODECS, "mp3float"))]
    given += ["-max_pixels", str(_PIXELS), "-threads", str(THREADS), "-f", film.container]
    return [*given, "-c:v", decoder] if decoder else given


def rate_of(film: ProbedFilm) -> str:
    """As ffmpeg takes it, without a rounding."""
    if film.is_animation:
        return str(Fraction(film.frame_rate).limit_denominator(1000))
    return str(pace_of(film.frame_rate))


def _graph(film: ProbedFilm, renditions: Sequence[Rendition]) -> str:
    largest = renditions[-1]
    steps = [_FLATTEN] if film.is_animation else []
    steps.append(f"fps={rate_of(film)}:start_time=0")
    # Small first: what is thrown away need not be brought down in light.
    if film.is_hdr:
        # Some films say of their light only that it is HDR; what goes with it is always the same.
        steps.append("setparams=color_primaries=bt2020:colorspace=bt2020nc")
        steps += [f"zscale=w={largest.width}:h={largest.height}", _TONE_MAP]
    else:
        scale = f"scale={largest.width}:{largest.height}:out_color_matrix=bt709:out_range=tv"
        steps.append(f"{scale}:flags=bicubic")
    steps.append("format=yuv420p,setsar=1")
    steps.append("setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv")
    branches = [f"to{one.name}" for one in renditions[:-1]]
    split = "".join(f"[{name}]" for name in (*branches, largest.name, "tofirst", "tobright"))
    chains = [f"[0:v:0]{','.join(steps)},split={len(renditions) + 2}{split}"]
    chains += [
        f"[to{one.name}]scale={one.width}:{one.height}:flags=bicubic,setsar=1[{one.name}]" for one in renditions[:-1]
    ]
    chains += [
        "[tofirst]trim=end_frame=1[first]",
        f"[tobright]trim=end={_POSTER_SECONDS},{_BLACK},trim=end_frame=1[bright]",
        # The first of the two that is there.
        "[bright][first]concat=n=2:v=1:a=0,trim=end_frame=1,format=rgb24[still]",
    ]
    if film.has_sound:
        end = f"end={film.duration:.6f}"
        chains.append(
            "[0:a:0]aresample=48000:async=1:first_pts=0,aformat=channel_layouts=stereo,"
            f"apad=whole_dur={film.duration:.6f},atrim=start_sample={_PRIMING}:{end}[sound]"
        )
    return ";".join(chains)


def picture(film: ProbedFilm, rendition: Rendition) -> list[str]:
    """How a rendition is coded: by one thread, since several would make other bytes each time where the bit rate has a
    ceiling, and what was lost of a film could not be put back beside the rest of it."""
    group, rate = str(frames_per_segment(film)), rendition.max_bitrate
    given = ["-c:v", "libx264", "-preset", PRESET, "-crf", str(CRF), "-threads", "1"]
    given += ["-maxrate", str(rate), "-bufsize", str(rate * 3 // 2), "-profile:v", "high"]
    return [*given, "-g", group, "-keyint_min", group, "-sc_threshold", "0"]


def _fragmented(flag: str, path: Path) -> list[str]:
    flags = "+".join(name for name in (flag, "empty_moov", "default_base_moof", "skip_trailer") if name)
    return ["-f", "mp4", "-movflags", flags, str(path)]


def join(out_dir: Path, rendition: Rendition, target: Path, *, has_sound: bool) -> list[str]:
    """Picture and sound as they were coded, in one file that begins with its index."""
    given = [*_QUIET, "-y"]
    for name in (rendition.name, "audio") if has_sound else (rendition.name,):
        given += ["-protocol_whitelist", "file", "-f", "mov", "-i", f"file:{out_dir / name}.mp4"]
    given += ["-map", "0:v:0", *(("-map", "1:a:0") if has_sound else ()), *_CLEAN, "-c", "copy"]
    return [*given, "-movflags", "+faststart", "-f", "mp4", str(target)]
