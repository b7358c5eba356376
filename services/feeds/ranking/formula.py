"""The score of a post for a viewer, by formula.

    score      = 0.40·engagement + 0.30·affinity + 0.20·recency + 0.10·fit, each from 0 to 1; a quarter of it for what
                 the viewer was shown before
    engagement = ½·s(E, 50) + ½·s(E / max(age in hours, 1), 10), E = likes + 2·comments + 3·shares + 3·saves
    affinity   = s(A, 5), A = Σ w·2^(−age in days / 30) over what the viewer did with things of the author: a like 1, a
                 comment 2, a save 3, a visit to the profile 1, a tag on an own post 3
    recency    = 1 in the first hour, then 2^(−(age in hours − 1) / 24)
    fit        = ½·(K + 1) / (ΣK + 4) + ½·quality, K as A but over posts of this kind and of all authors, ΣK over all
                 kinds; quality = min(1, shorter side of the first picture in pixels / 1080)
    s(x, h)    = x / (x + h): from 0 towards 1, and ½ at x = h

Where it comes from. *What is looked at* are the four signals that Instagram names for its feed (A. Mosseri, "Instagram
Ranking Explained", 2021 and 2023): of the post (how many like it and how quickly, and when it was posted), of its
author, of the viewer's activity, and of the history between the two; and the five things that it foretells, which are
a look of some seconds, a comment, a like, a save, and a tap on the author's picture. That a person is not shown twice
in a row is from there too (`arranging.py`). Their weights are not published: the four shares and what a like, a
comment, a share and a save weigh are the product's own, dearer the more it costs who does it.
*Saturation.* s is the curve of Michaelis and Menten (the Hill curve of degree 1): the first ten likes tell more than
the ten behind ten thousand, and no count whatever outweighs its share. 50 and 10 an hour are where half of it is
reached.
*Velocity.* Points by age, as Hacker News divides them (points / (hours + 2)^1.8); of degree 1 here, and not below an
hour, as the age counts once more in recency.
*Decay* by half-life, the memoryless one: what two posts are to each other does not change as both grow older. EdgeRank,
the first formula of Facebook's feed, has it too: affinity × weight × decay.
*Kinds* by the rule of succession (Laplace): of 4 kinds each has ¼ where nothing is known, and no kind ever has 0.

Messages will be a further sort of thing that was done with an author: a weight here, and a part of VIEWER_FEATURES
(`models/reads/ranking.py`) that reads them from the viewer's shard. Shares are no part of affinity: they stand with the
post alone, on another shard.
"""

from collections.abc import Sequence
from dataclasses import astuple, dataclass, field

from core.clock import EPOCH_MS
from models.ids import TIME_SHIFT
from models.tables import PostKind
from services.feeds.ranking.scorer import PostFeatures, ViewerFeatures

_HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Shares:
    """Of the parts in the score: not negative, and 1 together."""

    engagement: float = 0.40
    affinity: float = 0.30
    recency: float = 0.20
    fit: float = 0.10


@dataclass(frozen=True, slots=True)
class Done:
    """What each thing weighs that the viewer did with something of an author."""

    like: float = 1
    comment: float = 2
    save: float = 3
    visit: float = 1
    tag: float = 3


@dataclass(frozen=True, slots=True)
class Counted:
    """What each thing weighs that anybody did with a post."""

    like: float = 1
    comment: float = 2
    share: float = 3
    save: float = 3


@dataclass(frozen=True, slots=True)
class RankingWeights:
    """All constants of the formula. Raises ValueError for such as would lead out of 0 to 1."""

    shares: Shares = field(default_factory=Shares)
    done: Done = field(default_factory=Done)
    counted: Counted = field(default_factory=Counted)
    half_engagement: float = 50
    half_velocity: float = 10
    """By the hour."""
    half_affinity: float = 5
    affinity_half_life_days: float = 30
    affinity_days: int = 180
    """What was done earlier is passed over."""
    recent_hours: float = 1
    recency_half_life_hours: float = 24
    full_quality_pixels: int = 1080
    seen: float = 0.25
    """What is left of the score of what was seen."""

    def __post_init__(self) -> None:
        weights = (*astuple(self.shares), *astuple(self.done), *astuple(self.counted), self.seen)
        scales = (
            self.half_engagement,
            self.half_velocity,
            self.half_affinity,
            self.affinity_half_life_days,
            self.recency_half_life_hours,
            self.full_quality_pixels,
        )
        if min(weights) < 0 or min(scales) <= 0 or self.seen > 1 or abs(sum(astuple(self.shares)) - 1) > 1e-9:
            raise ValueError("weights are not negative, halves are positive, and the shares are 1 together")


WEIGHTS = RankingWeights()


@dataclass(frozen=True, slots=True)
class Formula:
    """A `Scorer`."""

    weights: RankingWeights = WEIGHTS

    def __call__(self, candidates: Sequence[PostFeatures], viewer: ViewerFeatures, now_ms: int) -> list[float]:
        fits = self._kinds(viewer)
        return [self._score(one, viewer, fits, max(0, now_ms - posted_ms(one.id)) / _HOUR_MS) for one in candidates]

    def _score(self, post: PostFeatures, viewer: ViewerFeatures, kinds: dict[str, float], hours: float) -> float:
        shares = self.weights.shares
        score = (
            shares.engagement * self.engagement(post, hours)
            + shares.affinity * saturated(viewer.affinity.get(post.author_id, 0), self.weights.half_affinity)
            + shares.recency * self.recency(hours)
            + shares.fit * (kinds.get(post.kind, kinds[""]) + post.quality) / 2
        )
        return min(1.0, score * self.weights.seen if post.is_seen else score)

    def engagement(self, post: PostFeatures, hours: float) -> float:
        counted = self.weights.counted
        done = (
            counted.like * post.likes
            + counted.comment * post.comments
            + counted.share * post.shares
            + counted.save * post.saves
        )
        velocity = saturated(done / max(hours, 1), self.weights.half_velocity)
        return (saturated(done, self.weights.half_engagement) + velocity) / 2

    def recency(self, hours: float) -> float:
        late = max(0, hours - self.weights.recent_hours)
        return float(2 ** (-late / self.weights.recency_half_life_hours))

    def _kinds(self, viewer: ViewerFeatures) -> dict[str, float]:
        """How much the viewer is for each kind, and under "" for one of which nothing is known."""
        room = sum(viewer.kinds.values()) + len(PostKind)
        known = {kind: (strength + 1) / room for kind, strength in viewer.kinds.items()}
        return {"": 1 / room} | known


def saturated(strength: float, half: float) -> float:
    """From 0 towards 1, and ½ at `half`."""
    return strength / (strength + half)


def posted_ms(post_id: int) -> int:
    """When the id was minted, in milliseconds since 1970."""
    return (post_id >> TIME_SHIFT) + EPOCH_MS
