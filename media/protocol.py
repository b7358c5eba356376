"""What a worker says to its sandbox and hears from it: a line of JSON each."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from media.errors import RejectionReason
from media.pictures import Limits, Rendered
from media.recipe import PLAIN, Recipe


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to make variants of. `cpu_seconds` is what it may cost; `first_frame` says that of one that moves the
    first frame is wanted."""

    source: Path
    out_dir: Path
    limits: Limits
    declared_type: str | None
    cpu_seconds: int
    recipe: Recipe = PLAIN
    first_frame: bool = False


@dataclass(frozen=True, slots=True)
class Reply:
    """One of five: progress alone; what was rendered; a rejection with its message; that the picture moves; a failure
    of ours."""

    progress: float = 0.0
    rendered: Rendered | None = None
    rejection: RejectionReason | None = None
    message: str = ""
    is_animated: bool = False
    failure: str | None = None

    @property
    def is_last(self) -> bool:
        return self.rendered is not None or self.rejection is not None or self.is_animated or self.failure is not None


JOB = TypeAdapter(Job)
REPLY = TypeAdapter(Reply)
