"""What a film's runner says to its sandbox and hears from it: a line of JSON each."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from media.errors import RejectionReason
from media.films import FilmLimits, ProbedFilm
from media.pictures import Rendered


@dataclass(frozen=True, slots=True)
class FilmTask:
    """With `limits`: a film to be described. Without: the still at `source` is to become a poster in `out_dir`."""

    source: Path
    cpu_seconds: int
    limits: FilmLimits | None = None
    declared_type: str | None = None
    out_dir: Path | None = None


@dataclass(frozen=True, slots=True)
class FilmReply:
    """One of four: what was found; the poster; a rejection with its message; a failure of ours. Or: it is ready."""

    probed: ProbedFilm | None = None
    poster: Rendered | None = None
    rejection: RejectionReason | None = None
    message: str = ""
    failure: str | None = None


TASK = TypeAdapter(FilmTask)
FILM_REPLY = TypeAdapter(FilmReply)
