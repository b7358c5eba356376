"""What the first look at a film's own structure tells, with every number of the file taken for a claim."""

from dataclasses import dataclass, field

from media.budget import Budget
from media.film.refusals import film_too_complex

_MOST_ELEMENTS = 150_000


@dataclass(slots=True)
class Track:
    """`seconds` is the longest time that any of the headers claims for it, `shown` what is to be played of it.

    `rate` is in frames per second, 0 where there are too few to tell. `turned` says that width and height change places
    when it is shown upright. `fragments` are the places of its fragments and the seconds at which each ends; `lead` the
    seconds by which its first frame is shown after it is decoded.
    """

    kind: str = ""
    codec: str = ""
    number: int = 0
    width: int = 0
    height: int = 0
    seconds: float = 0.0
    shown: float = 0.0
    frames: int = 0
    rate: float = 0.0
    turned: bool = False
    lead: float = 0.0
    fragments: list[tuple[int, float]] = field(default_factory=list)


@dataclass(slots=True)
class Look:
    """`container` is the demuxer that reads it. `seconds` is the longest that anything in it claims."""

    container: str
    mime: str
    seconds: float = 0.0
    tracks: list[Track] = field(default_factory=list)

    def first(self, kind: str) -> Track | None:
        return next((track for track in self.tracks if track.kind == kind), None)


def film_budget() -> Budget:
    """How many elements of a film may be looked at."""
    return Budget(_MOST_ELEMENTS, film_too_complex)
