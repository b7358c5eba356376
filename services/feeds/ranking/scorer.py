"""What a scorer is given and gives. It does no I/O, so that another one, such as a learned one, can take its place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PostFeatures:
    """Of a candidate. Counts are as everybody sees them; `quality` is 0 to 1; `is_seen`: it was shown to the viewer
    before."""

    id: int
    author_id: int
    kind: str
    likes: int
    comments: int
    shares: int
    saves: int
    quality: float
    is_seen: bool = False


@dataclass(frozen=True, slots=True)
class ViewerFeatures:
    """`affinity` is by author: what the viewer did with things of theirs, weighted and decayed to the moment of the
    ranking (0 for an author who is not in it). `kinds` is by kind of post, in the same unit, over all authors."""

    affinity: Mapping[int, float] = field(default_factory=dict)
    kinds: Mapping[str, float] = field(default_factory=dict)


class Scorer(Protocol):
    """Scores of the candidates, in their order, at a moment in milliseconds since 1970; the higher the better."""

    def __call__(self, candidates: Sequence[PostFeatures], viewer: ViewerFeatures, now_ms: int) -> list[float]: ...
