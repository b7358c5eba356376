"""What a scorer is given, read from PostgreSQL: of posts one statement per node, of the viewer one."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import astuple, dataclass
from typing import Any

from core import clock
from models.ids import floor_of
from models.reads.ranking import POST_FEATURES, VIEWER_FEATURES
from models.reads.reader import Reader
from services.feeds.ranking.formula import WEIGHTS, RankingWeights
from services.feeds.ranking.scorer import PostFeatures, ViewerFeatures
from services.marks import NOBODY


@dataclass(frozen=True, slots=True)
class Candidate:
    """A post with its features, and with what a feed may leave it out for: the states of the post, of its author, and
    of the viewer's follow of the author (None: there never was one), and whether the author blocks the viewer. It
    proves nothing: what is shown is asked of `services.visibility`."""

    features: PostFeatures
    state: str
    author_state: str
    is_private: bool
    follow_state: str | None
    hashtag_ids: frozenset[int]
    blocks_viewer: bool

    @property
    def id(self) -> int:
        return self.features.id

    @property
    def author_id(self) -> int:
        return self.features.author_id


async def post_features(
    reader: Reader,
    viewer_id: int,
    post_ids: Iterable[int],
    *,
    seen: Collection[int] = (),
    weights: RankingWeights = WEIGHTS,
) -> list[Candidate]:
    """Those of the posts that are there, in the order of their ids, the highest first. `seen` are those that the viewer
    was shown before (`services.feeds.seen`). What a node that does not answer holds is left out."""
    wanted = list(post_ids)
    rows = await reader.by_ids(POST_FEATURES, wanted, viewer_id) if wanted else []
    found = [_candidate(row, seen, weights) for row in rows]
    return sorted(found, key=lambda one: one.features.id, reverse=True)


def _candidate(row: Any, seen: Collection[int], weights: RankingWeights) -> Candidate:
    features = PostFeatures(
        id=row["id"],
        author_id=row["author_id"],
        kind=row["kind"],
        likes=row["like_count"] or 0,
        comments=row["comment_count"] or 0,
        shares=row["share_count"] or 0,
        saves=row["save_count"] or 0,
        quality=min(1.0, (row["shorter_side"] or 0) / weights.full_quality_pixels),
        is_seen=row["id"] in seen,
    )
    return Candidate(
        features,
        row["state"],
        row["user_state"],
        row["is_private"],
        row["follow_state"],
        frozenset(row["hashtag_ids"]),
        row["blocks_viewer"],
    )


async def viewer_features(
    reader: Reader,
    viewer_id: int,
    author_ids: Iterable[int] | None = None,
    *,
    weights: RankingWeights = WEIGHTS,
    now_ms: int | None = None,
) -> ViewerFeatures:
    """What the viewer did with things of others, decayed to this moment (or another); the affinity only to some
    authors, where they are named. Nothing for an anonymous viewer. Raises ShardUnavailable."""
    if viewer_id == NOBODY:
        return ViewerFeatures()
    now_ms = clock.now_ms() if now_ms is None else now_ms
    since_ms = now_ms - weights.affinity_days * 86_400_000
    rows = await reader.on_shard_of(
        viewer_id,
        VIEWER_FEATURES,
        viewer_id,
        now_ms / 1000,
        weights.affinity_half_life_days,
        list(astuple(weights.done)),
        clock.from_ms(since_ms),
        floor_of(since_ms),
    )
    affinity: defaultdict[int, float] = defaultdict(float)
    kinds: defaultdict[str, float] = defaultdict(float)
    for row in rows:
        affinity[row["author_id"]] += row["strength"]
        if row["post_kind"] is not None:
            kinds[row["post_kind"]] += row["strength"]
    if author_ids is not None:
        return ViewerFeatures({one: affinity[one] for one in author_ids if one in affinity}, dict(kinds))
    return ViewerFeatures(dict(affinity), dict(kinds))
