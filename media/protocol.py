"""What a worker says to its sandbox and hears from it: a line of JSON each."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter

from media.errors import RejectionReason
from media.pictures import Limits, Rendered
from media.recipe import PLAIN, Recipe


@dataclass(frozen=True, slots=True)
class Job:
    """One picture to make variants of. `cpu_seconds` is what it may cost."""

    source: Path
    out_dir: Path
    limits: Limits
    declared_type: str | None
    cpu_seconds: int
    recipe: Recipe = PLAIN


@dataclass(frozen=True, slots=True)
class Reply:
    """One of four: progress alone; what was rendered; a rejection with its message; a failure of ours."""

    progress: float = 0.0
    rendered: Rendered | None = None
    rejection: RejectionReason | None = None
    message: str = ""
    failure: str | None = None

    @property
    def is_last(self) -> bool:
        return self.rendered is not None or self.rejection is not None or self.failure is not None


JOB = TypeAdapter(Job)
REPLY = TypeAdapter(Reply)
