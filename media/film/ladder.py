"""Which renditions a film gets: sizes, bit rates and the pace of its frames."""

import math
from dataclasses import dataclass
from fractions import Fraction

from media.films import ProbedFilm

PROGRESSIVE = 720
"""The short side of the file that plays by itself, where the film has as much."""
SEGMENT_SECONDS = 2
SOUND_RATE = 128_000

# Short side, and the most bits per second that a rendition takes.
_STEPS = ((240, 400_000), (480, 1_400_000), (720, 2_800_000), (1080, 5_000_000))
_PACES = tuple(
    Fraction(*pace)
    for pace in ((10, 1), (12, 1), (15, 1), (20, 1), (24_000, 1001), (24, 1), (25, 1), (30_000, 1001), (30, 1))
)
_CLOSE = 0.005
_ANIMATION_FASTEST, _ANIMATION_SLOWEST = 50, 10


@dataclass(frozen=True, slots=True)
class Rendition:
    """One size of a film. `name` is that of its files without what follows the dot."""

    name: str
    width: int
    height: int
    max_bitrate: int


def renditions_of(width: int, height: int) -> list[Rendition]:
    """Ascending; none larger than the film. The short side decides, so what stands upright is 720 wide at 720p. A film
    that is smaller than the smallest has one of its own size."""
    short = min(width, height)
    made = [
        Rendition(f"{side}p", _even(width * side / short), _even(height * side / short), rate)
        for side, rate in _STEPS
        if side <= short
    ]
    return made or [Rendition(f"{short}p", _even(width), _even(height), _STEPS[0][1])]


def _even(side: float) -> int:
    return max(2, round(side / 2) * 2)


def progressive_of(renditions: list[Rendition]) -> Rendition:
    """The one that is put into a file that plays by itself."""
    fitting = [one for one in renditions if min(one.width, one.height) <= PROGRESSIVE]
    return fitting[-1] if fitting else renditions[0]


def pace_of(frames_per_second: float) -> Fraction:
    """The even pace at which a film is shown: its own up to 30 per second, the next higher where that is uneven; above,
    an even share of it, or 30."""
    share = max(1, math.ceil(frames_per_second / 30 - _CLOSE))
    wanted = frames_per_second / share
    nearest = min(_PACES, key=lambda pace: abs(wanted / pace - 1))
    if abs(wanted / nearest - 1) < _CLOSE:
        return nearest
    return next((pace for pace in _PACES if pace >= wanted), _PACES[-1]) if share == 1 else _PACES[-1]


def pace_of_animation(delays: list[int]) -> Fraction:
    """Frames per second at which every frame of these milliseconds keeps its own time, up to 50."""
    step = math.gcd(*delays) if delays else 100
    if step < 1000 // _ANIMATION_FASTEST:
        return Fraction(_ANIMATION_FASTEST)
    times = math.ceil(_ANIMATION_SLOWEST * step / 1000)
    return Fraction(1000 * times, step)


def frames_per_segment(film: ProbedFilm) -> int:
    """Frames from one keyframe to the next."""
    return math.ceil(SEGMENT_SECONDS * film.frame_rate - 1e-3)
