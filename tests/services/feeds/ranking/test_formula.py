import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.clock import EPOCH_MS
from models.ids import floor_of
from services.feeds.ranking.formula import Counted, Done, Formula, RankingWeights, Shares
from services.feeds.ranking.scorer import PostFeatures, Scorer, ViewerFeatures

NOW = EPOCH_MS + 10**11
HOUR = 3_600_000
DAY = 24 * HOUR
score: Scorer = Formula()


def post(age_ms: float, author: int = 1, kind: str = "PHOTO", *counts: int, quality: float = 0) -> PostFeatures:
    likes, comments, shares, saves = counts or (0, 0, 0, 0)
    return PostFeatures(floor_of(NOW - int(age_ms)), author, kind, likes, comments, shares, saves, quality)


VIEWER = ViewerFeatures({1: 15.0, 2: 5.0}, {"PHOTO": 11.0, "REEL": 5.0})
# By hand, each a sum that fits on a line: (engagement, affinity, recency, fit) × (40, 30, 20, 10) %.
EXAMPLES = {
    # E = 10 + 2·5 + 3·4 + 3·6 = 50 → ½; 50 / 5 h = 10 an hour → ½. A = 15 → ¾. Half an hour late by 4 of 24 h.
    "an ordinary one": (
        post(5 * HOUR, 1, "PHOTO", 10, 5, 4, 6, quality=1),
        0.40 * 0.5 + 0.30 * 0.75 + 0.20 * 2 ** (-4 / 24) + 0.10 * (0.5 * 12 / 20 + 0.5),
    ),
    # E = 30 → 30 / 80; in half an hour, which counts as one: 30 → 30 / 40. A = 5 → ½. Fresh. 6 / 20 of a kind.
    "a fresh one": (
        post(HOUR / 2, 2, "REEL", 30, 0, 0, 0, quality=0.5),
        0.40 * (0.375 + 0.75) / 2 + 0.30 * 0.5 + 0.20 * 1 + 0.10 * (0.5 * 6 / 20 + 0.5 * 0.5),
    ),
    # Nobody did anything, nothing was done with the author, a day late to the hour, a kind that was never touched.
    "a lonely one": (post(25 * HOUR, 3, "VIDEO"), 0.40 * 0 + 0.30 * 0 + 0.20 * 0.5 + 0.10 * (0.5 * 1 / 20)),
    # From a moment to come, by a clock that goes before ours: fresh.
    "one of tomorrow": (post(-HOUR, 3, "VIDEO"), 0.20 * 1 + 0.10 * (0.5 * 1 / 20)),
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_it_is_the_formula_of_the_docstring(name: str) -> None:
    candidate, expected = EXAMPLES[name]
    seen = replace(candidate, is_seen=True)
    assert score([candidate, seen], VIEWER, NOW) == pytest.approx([expected, expected / 4], abs=1e-9, rel=0)


def test_without_a_past_all_kinds_are_alike() -> None:
    scores = score([post(0, 1, kind) for kind in ("PHOTO", "VIDEO", "CAROUSEL", "REEL")], ViewerFeatures(), NOW)
    assert scores == pytest.approx([0.20 + 0.10 * 0.5 * 0.25] * 4, abs=1e-9)


def test_another_set_of_weights_is_another_formula() -> None:
    weights = RankingWeights(shares=Shares(0, 0, 1, 0), recent_hours=0, recency_half_life_hours=1, seen=1)
    candidates = [post(2 * HOUR), replace(post(3 * HOUR), is_seen=True)]
    assert Formula(weights)(candidates, VIEWER, NOW) == pytest.approx([1 / 4, 1 / 8], abs=1e-9)


@pytest.mark.parametrize(
    "wrong",
    [
        {"shares": Shares(0.5, 0.5, 0.5, 0.5)},
        {"shares": Shares(1.5, -0.5, 0, 0)},
        {"done": Done(like=-1)},
        {"counted": Counted(save=-1)},
        {"half_affinity": 0},
        {"seen": 1.5},
    ],
)
def test_weights_that_lead_out_of_bounds_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="together"):
        RankingWeights(**wrong)  # type: ignore[arg-type]


counts = st.integers(0, 2**40)
posts = st.builds(
    post,
    st.integers(-DAY, 1000 * DAY),
    st.integers(1, 3),
    st.sampled_from(["PHOTO", "VIDEO", "CAROUSEL", "REEL", "NEW"]),
    counts,
    counts,
    counts,
    counts,
    quality=st.floats(0, 1),
)
strengths = st.floats(0, 1e9)
viewers = st.builds(
    ViewerFeatures,
    st.dictionaries(st.integers(1, 3), strengths),
    st.dictionaries(st.sampled_from(["PHOTO", "VIDEO", "CAROUSEL", "REEL"]), strengths),
)


@given(st.lists(posts, max_size=10), viewers)
def test_scores_are_from_0_to_1_and_each_by_itself(candidates: list[PostFeatures], viewer: ViewerFeatures) -> None:
    scores = score(candidates, viewer, NOW)
    assert all(0 <= one <= 1 and math.isfinite(one) for one in scores)
    assert scores == [one for candidate in candidates for one in score([candidate], viewer, NOW)]
    assert scores == score(candidates, viewer, NOW)


@given(posts, viewers, st.integers(1, 1000))
def test_more_of_anything_is_never_less(candidate: PostFeatures, viewer: ViewerFeatures, more: int) -> None:
    [before] = score([candidate], viewer, NOW)
    better = [
        replace(candidate, **{name: getattr(candidate, name) + more})
        for name in ("likes", "comments", "shares", "saves")
    ]
    better.append(replace(candidate, quality=1))
    assert all(one >= before for one in score(better, viewer, NOW))
    dearer = replace(viewer, affinity={**viewer.affinity, candidate.author_id: 2e9})
    assert score([candidate], dearer, NOW)[0] >= before
