"""What is said to the process that judges and heard from it: a line of JSON each."""

from dataclasses import dataclass, field
from pathlib import Path

from pydantic import TypeAdapter

HASH_BYTES = 32


@dataclass(frozen=True, slots=True)
class Question:
    """`pictures` are JPEG files of our own making. With `is_scored` nudity is scored; with `is_removed` the hashes are
    those that are kept of a picture which may not come back, else those by which it is looked for."""

    pictures: list[Path]
    cpu_seconds: int
    is_scored: bool = False
    is_removed: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """Of one picture: hashes in hexadecimal, their quality from 0 to 100, and the score where it was asked for."""

    hashes: list[str]
    quality: int
    nudity: float | None = None

    @property
    def packed(self) -> list[bytes]:
        """Each of HASH_BYTES."""
        return [bytes.fromhex(one) for one in self.hashes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was seen, picture by picture; or a failure of ours; or neither: it is ready."""

    seen: list[Seen] = field(default_factory=list)
    failure: str | None = None


QUESTION = TypeAdapter(Question)
ANSWER = TypeAdapter(Answer)
