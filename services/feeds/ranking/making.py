"""What a ranked home feed begins with: the newest candidates at a moment, scored and arranged, kept as a snapshot. One
that is young and was made of the same is used again, so that what nothing has changed about reads the same twice."""

import asyncio
import hashlib
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from core import clock
from models.ids import MAX_ID
from models.reads.ranking import STANDING
from models.reads.reader import Reader
from models.tables import FollowState, PostState, SnapshotFeed, UserState
from services.backend import Backend
from services.feeds.candidates import Candidates
from services.feeds.inserts import inserted
from services.feeds.ranking.arranging import by_score, spread
from services.feeds.ranking.features import Candidate, post_features, viewer_features
from services.feeds.ranking.formula import Formula
from services.feeds.ranking.scorer import Scorer
from services.feeds.reasons import FeedReason
from services.feeds.seen import seen_posts
from services.feeds.snapshots import Item, ItemKind, keep_snapshot, latest_snapshot
from services.marks import Marks, marks_of
from services.visible import MediaLinks

FRESH = timedelta(seconds=60)
"""A snapshot that is older is not used again: what it was made of has grown older, too."""
FOLLOWS_COUNTED = 100
SCORER: Scorer = Formula()


@dataclass(frozen=True, slots=True)
class Standing:
    """Of the viewer at this moment: the hashtags followed, and how many people, counted to FOLLOWS_COUNTED."""

    hashtag_ids: frozenset[int]
    followed: int


async def standing_of(reader: Reader, viewer_id: int) -> Standing:
    """One statement, on the viewer's shard. Raises ShardUnavailable."""
    [row] = await reader.on_shard_of(viewer_id, STANDING, viewer_id, FOLLOWS_COUNTED)
    return Standing(frozenset(row["hashtag_ids"]), row["followed"])


async def snapshot_to_read(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, standing: Standing
) -> int:
    """The id of the snapshot in which a first page begins. What nodes hold that do not answer is not in it, and it is
    not used again once they do. Raises ShardUnavailable."""
    candidates = Candidates(backend, reader, viewer_id, MAX_ID)
    ids, latest, marks = await asyncio.gather(
        candidates.next(backend.settings.ranked_candidates),
        latest_snapshot(reader, viewer_id, SnapshotFeed.HOME),
        marks_of(reader, viewer_id),
    )
    seen = await seen_posts(reader, viewer_id, ids)
    made_of = (ids, sorted(seen), sorted(marks.muted), sorted(marks.blocked), sorted(standing.hashtag_ids))
    fingerprint = fingerprint_of(*made_of, [standing.followed], sorted(reader.unavailable))
    if latest and latest.fingerprint == fingerprint and clock.now() - latest.created_at < FRESH:
        return latest.id
    found, viewer = await asyncio.gather(
        post_features(reader, viewer_id, ids, seen=seen), viewer_features(reader, viewer_id)
    )
    reasons = {one.id: reason for one in found if (reason := _reason(one, viewer_id, marks, standing))}
    posts = [one.features for one in found if one.id in reasons]
    scored = zip(posts, SCORER(posts, viewer, clock.now_ms()), strict=True)
    order = spread(by_score(scored, lambda one: (one[1], one[0].id)), lambda one: one[0].author_id)
    items = [Item(ItemKind.POST, post.id, score, reasons[post.id]) for post, score in order]
    kept = await keep_snapshot(
        backend,
        viewer_id,
        SnapshotFeed.HOME,
        await inserted(backend, reader, links, viewer_id, items, followed=standing.followed),
        fingerprint=fingerprint_of(*made_of, [standing.followed], sorted(reader.unavailable)),
        floor_id=0 if candidates.ended else candidates.below,
        unless_since=clock.now() - FRESH,
    )
    return kept.id


def _reason(candidate: Candidate, viewer_id: int, marks: Marks, standing: Standing) -> FeedReason | None:
    """As `home.reason_of`, of a candidate: None for one that no page would show at this moment. It takes no place, so
    that neither the order nor what stands behind each so many posts shows that something is hidden."""
    if candidate.state != PostState.LIVE or candidate.author_state != UserState.ACTIVE:
        return None
    if candidate.author_id == viewer_id:
        return FeedReason.OWN
    if candidate.author_id in marks.muted or candidate.author_id in marks.blocked or candidate.blocks_viewer:
        return None
    if candidate.follow_state == FollowState.ACCEPTED:
        return FeedReason.FOLLOWING
    if candidate.hashtag_ids & standing.hashtag_ids and not candidate.is_private:
        return FeedReason.FOLLOWED_HASHTAG
    return None


def fingerprint_of(*parts: Iterable[int]) -> int:
    """Of lists of numbers: 63 bits."""
    digest = hashlib.blake2b(digest_size=8)
    for numbers in map(list, parts):
        digest.update(struct.pack(f">q{len(numbers)}q", len(numbers), *numbers))
    return int.from_bytes(digest.digest()) >> 1
