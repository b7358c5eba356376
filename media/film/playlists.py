"""HLS (RFC 8216): playlists of fragmented MP4 files, each segment a range of bytes."""

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path

from media.film.boxes import film_boxes, look_at_mp4
from media.film.look import Track, film_budget
from media.film.refusals import film_damaged

CONTENT_TYPE = "application/vnd.apple.mpegurl"
MASTER = "master.m3u8"
SOUND = "audio"


@dataclass(frozen=True, slots=True)
class Segment:
    """A range of a file, and the seconds that it plays."""

    at: int
    size: int
    seconds: float

    @property
    def bitrate(self) -> float:
        return self.size * 8 / self.seconds if self.seconds else 0.0


@dataclass(frozen=True, slots=True)
class Stream:
    """A fragmented file: `head` is the length of what stands before its segments, `codec` as RFC 6381 names it, `lead`
    the seconds by which the first frame is shown after the file's own beginning."""

    name: str
    head: int
    codec: str
    lead: float
    segments: list[Segment]

    @property
    def seconds(self) -> float:
        return sum(segment.seconds for segment in self.segments)

    @property
    def peak(self) -> int:
        """Bits per second of the largest segment. The last, which may be very short, counts as if it were whole."""
        usual = max(segment.seconds for segment in self.segments)
        return math.ceil(max(segment.size * 8 / max(segment.seconds, usual / 2) for segment in self.segments))

    @property
    def average(self) -> int:
        return math.ceil(sum(segment.size for segment in self.segments) * 8 / max(self.seconds, 1e-3))

    def playlist(self) -> str:
        longest = max(segment.seconds for segment in self.segments)
        lines = ["#EXTM3U", "#EXT-X-VERSION:7", f"#EXT-X-TARGETDURATION:{max(1, math.floor(longest + 0.5))}"]
        lines += ["#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-PLAYLIST-TYPE:VOD", "#EXT-X-INDEPENDENT-SEGMENTS"]
        lines.append(f'#EXT-X-MAP:URI="{self.name}.mp4",BYTERANGE="{self.head}@0"')
        for one in self.segments:
            lines += [f"#EXTINF:{one.seconds:.6f},", f"#EXT-X-BYTERANGE:{one.size}@{one.at}", f"{self.name}.mp4"]
        return "\n".join([*lines, "#EXT-X-ENDLIST", ""])


def read_stream(path: Path) -> Stream:
    """Raises MediaRejected where nothing was there to be coded."""
    if not path.exists() or path.stat().st_size == 0:
        raise film_damaged()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        look = look_at_mp4(data)
        if not look.tracks or not look.tracks[0].fragments:
            raise film_damaged()
        track = look.tracks[0]
        return Stream(path.stem, track.fragments[0][0], _codec(data, track), track.lead, _segments(track, len(data)))


def _segments(track: Track, size: int) -> list[Segment]:
    ends = [*(at for at, _ in track.fragments[1:]), size]
    begun, made = 0.0, []
    for (at, until), end in zip(track.fragments, ends, strict=True):
        made.append(Segment(at, end - at, until - begun))
        begun = until
    return made


def _codec(data: mmap.mmap, track: Track) -> str:
    if track.kind == "audio":
        return "mp4a.40.2"
    at = data.find(b"avcC")
    if at < 0:
        raise film_damaged()
    return f"avc1.{data[at + 5 : at + 8].hex()}"


def delay(path: Path, seconds: float) -> None:
    """Have a file of sound begin so much later, as the pictures do: those wait until what they are made of is there."""
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as data:
        scale = _scale(data)
        for fragment in film_boxes(data, 0, len(data), film_budget()):
            if fragment.kind == b"moof":
                at = data.find(b"tfdt", fragment.start, fragment.end)
                form = ">Q" if data[at + 4] else ">I"
                (time,) = struct.unpack_from(form, data, at + 8)
                struct.pack_into(form, data, at + 8, time + round(seconds * scale))


def _scale(data: mmap.mmap) -> int:
    at = data.find(b"mdhd")
    return int(struct.unpack_from(">I", data, at + (24 if data[at + 4] else 16))[0])


def master_of(pictures: list[tuple[Stream, int, int]], frame_rate: float, sound: Stream | None) -> str:
    """The playlist of playlists. `pictures` ascend: each with its width and height."""
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    if sound is not None:
        lines.append(
            '#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Sound",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",'
            f'URI="{sound.name}.m3u8"'
        )
    for stream, width, height in pictures:
        peak = stream.peak + (sound.peak if sound else 0)
        average = stream.average + (sound.average if sound else 0)
        codecs = ",".join([stream.codec, *([sound.codec] if sound else [])])
        lines.append(
            f"#EXT-X-STREAM-INF:BANDWIDTH={peak},AVERAGE-BANDWIDTH={average},RESOLUTION={width}x{height},"
            f'FRAME-RATE={frame_rate:.3f},CODECS="{codecs}"{",AUDIO=" + chr(34) + "sound" + chr(34) if sound else ""}'
        )
        lines.append(f"{stream.name}.m3u8")
    return "\n".join([*lines, ""])
