"""What viewers were shown, as their clients tell: it makes posts sink that were seen before, and teaches whom and what
a viewer looks at."""

import asyncio
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from core.errors import ShardUnavailable, UserErrorCode, UserFault
from models.global_ids import NodeKind
from models.ids import shard_of
from models.tables import FeedSurface
from services.backend import Backend
from services.marks import marks_of
from services.visibility import visible_posts, visible_users
from services.visible import MediaLinks, VisiblePost, VisibleUser

MOST_AT_ONCE = 100
LAST_POSITION = 100_000
LONGEST_DWELL = 3_600_000
FIELD = "impressions"


@dataclass(frozen=True, slots=True)
class NewImpression:
    """`position` is where on its surface the subject stood, from 0; `watched_fraction` of a video, from 0 to 1."""

    subject_kind: NodeKind
    subject_id: int
    surface: FeedSurface
    position: int
    dwell_ms: int
    watched_fraction: float | None = None

    @property
    def key(self) -> tuple[int, str, int, int]:
        return self.subject_id, self.surface.value, self.position, self.dwell_ms


async def record_impressions(
    backend: Backend, links: MediaLinks, viewer_id: int, impressions: Sequence[NewImpression]
) -> int:
    """Keeps those of posts and people that the viewer may see; returns how many other subjects there were, the viewer's
    own left out: what is one's own teaches nothing.

    What is told again within a day counts once. Raises UserFault (TOO_LONG, INVALID), after which nothing is kept; and
    ShardUnavailable, after which all may be told again: what could be proved is kept.
    """
    _check(impressions)
    if not impressions:
        return 0
    reader = backend.reader()
    await marks_of(reader, viewer_id)
    posts, people = await asyncio.gather(
        visible_posts(reader, links, viewer_id, _subjects(impressions, NodeKind.POST)),
        visible_users(reader, links, viewer_id, _subjects(impressions, NodeKind.USER) - {viewer_id}),
    )
    rows = _rows(viewer_id, impressions, posts, people)
    if rows:
        async with backend.transaction(shard_of(viewer_id)) as transaction:
            await transaction.session.execute(_KEEP, _arrays(viewer_id, rows))
    missing = {one.subject_id for one in impressions} - posts.keys() - people.keys() - {viewer_id}
    if unproved := reader.unavailable & reader.shards.by_node(missing).keys():
        raise ShardUnavailable(min(unproved))
    return len(missing)


def _check(impressions: Sequence[NewImpression]) -> None:
    if len(impressions) > MOST_AT_ONCE:
        raise UserFault(UserErrorCode.TOO_LONG, f"Send {MOST_AT_ONCE} impressions at most at a time.", (FIELD,))
    for place, one in enumerate(impressions):
        bounded = (
            ("position", one.position, LAST_POSITION),
            ("dwellMilliseconds", one.dwell_ms, LONGEST_DWELL),
            ("watchedFraction", one.watched_fraction, 1),
        )
        for name, value, most in bounded:
            if value is not None and not (math.isfinite(value) and 0 <= value <= most):
                message = f"This lies between 0 and {most:,}."
                raise UserFault(UserErrorCode.INVALID, message, (FIELD, str(place), name))


def _subjects(impressions: Iterable[NewImpression], kind: NodeKind) -> set[int]:
    return {one.subject_id for one in impressions if one.subject_kind is kind}


def _rows(
    viewer_id: int,
    impressions: Iterable[NewImpression],
    posts: dict[int, VisiblePost],
    people: dict[int, VisibleUser],
) -> list[dict[str, Any]]:
    """One for each key, with the most of it that was watched, in the order of the keys: so that two who tell the same
    at once wait for each other, and neither for ever."""
    rows: dict[tuple[int, str, int, int], dict[str, Any]] = {}
    for one in sorted(impressions, key=_order):
        post = posts.get(one.subject_id) if one.subject_kind is NodeKind.POST else None
        is_person = one.subject_kind is NodeKind.USER and one.subject_id in people
        if not is_person and (post is None or post.author.id == viewer_id):
            continue
        rows[one.key] = {
            "subject_id": one.subject_id,
            "surface": one.surface.value,
            "position": one.position,
            "dwell_ms": one.dwell_ms,
            "subject_kind": one.subject_kind.name,
            "author_id": post.author.id if post else one.subject_id,
            "post_kind": post.kind if post else None,
            "watched_fraction": one.watched_fraction,
        }
    return list(rows.values())


def _order(one: NewImpression) -> tuple[tuple[int, str, int, int], float]:
    return one.key, -1.0 if one.watched_fraction is None else one.watched_fraction


_TYPES = {
    "subject_id": "bigint",
    "surface": "text",
    "position": "integer",
    "dwell_ms": "integer",
    "subject_kind": "text",
    "author_id": "bigint",
    "post_kind": "text",
    "watched_fraction": "float8",
}
_IS_ANOTHER_DAYS = "i.recorded_at <= clock_now() - interval '1 day'"
_TOLD = ", ".join(f"CAST(:{name} AS {kind}[])" for name, kind in _TYPES.items())
_KEEP = text(f"""
    INSERT INTO impressions AS i (viewer_id, {", ".join(_TYPES)})
    SELECT CAST(:viewer_id AS bigint), told.* FROM unnest({_TOLD}) AS told
    ON CONFLICT (viewer_id, subject_id, surface, position, dwell_ms) DO UPDATE SET
        times = i.times + ({_IS_ANOTHER_DAYS})::int,
        recorded_at = CASE WHEN {_IS_ANOTHER_DAYS} THEN clock_now() ELSE i.recorded_at END,
        watched_fraction = greatest(i.watched_fraction, excluded.watched_fraction)
    WHERE {_IS_ANOTHER_DAYS} OR excluded.watched_fraction > coalesce(i.watched_fraction, -1)
""")  # noqa: S608  put together from constants


def _arrays(viewer_id: int, rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"viewer_id": viewer_id} | {name: [row[name] for row in rows] for name in _TYPES}
