"""A page of reels, which are posts of the kind REEL alone: of those whom the viewer follows, under hashtags that the
viewer follows, and of everybody where they are public. Ranked by the formula, in which what was seen sinks, and spread
so that no author comes twice in a row where that can be helped, they are a snapshot; each page proves each post by
visibility, and says anew why it is there."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core import clock
from models.reads.explore import HASHTAGS_FOLLOWED, LATEST_OF_HASHTAGS, LATEST_REELS_OF
from models.reads.feeds import FOLLOWED_BY
from models.reads.reader import Reader
from models.tables import FollowState, PostKind, PostState, SnapshotFeed, UserState
from services.backend import Backend
from services.feeds.explore.feed import trending_reason
from services.feeds.explore.pool import Pool, trending
from services.feeds.home import FeedEdge
from services.feeds.ranked_pages import LENGTH, Ranked, ranked_page
from services.feeds.ranking.arranging import by_score, spread
from services.feeds.ranking.features import Candidate, post_features, viewer_features
from services.feeds.ranking.formula import Formula
from services.feeds.reasons import REASON_NUMBERS, FeedReason
from services.feeds.seen import seen_posts
from services.feeds.snapshots import Item, ItemKind
from services.marks import Marks, marks_of
from services.pages import Page
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost

HASHTAGS = 20
"""Hashtags that the viewer followed last."""
LISTED = 50
"""Posts of each of them, the newest ones: the reels among them come into question."""
OF_AUTHOR = 20
"""Reels of each of those followed, the newest ones."""
OF_AUTHORS = 500
"""Of all of them together, per node."""


@dataclass(frozen=True, slots=True)
class _Asker:
    """Whose page it is. `hashtags` are those that the viewer follows."""

    id: int
    marks: Marks
    hashtags: frozenset[int]

    def reason(
        self, author_id: int, follow_state: str | None, hashtag_ids: frozenset[int], *, is_private: bool
    ) -> FeedReason | None:
        """Why a reel may be there: SUGGESTED where only its being public speaks for it; None where it may not."""
        if author_id == self.id or author_id in self.marks.muted or author_id in self.marks.blocked:
            return None
        if follow_state == FollowState.ACCEPTED:
            return FeedReason.FOLLOWING
        if is_private:
            return None
        if hashtag_ids & self.hashtags:
            return FeedReason.FOLLOWED_HASHTAG
        return None if follow_state == FollowState.PENDING else FeedReason.SUGGESTED


async def reels_feed(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, *, first: int = 20, after: str | None = None
) -> Page[VisiblePost]:
    """Ends where its snapshot does; the edges are FeedEdges.

    Raises RequestFault for a bad `first` or `after`, and ShardUnavailable where the viewer's shard is out of reach.
    What other nodes hold that are out of reach is left out.
    """
    marks = await marks_of(reader, viewer_id)
    rows = await reader.on_shard_of(viewer_id, HASHTAGS_FOLLOWED, viewer_id, HASHTAGS)
    asker = _Asker(viewer_id, marks, frozenset(rows[0]["hashtags"] if rows else ()))

    async def rank() -> Ranked:
        return await _ranked(backend, reader, asker)

    async def prove(items: Sequence[Item]) -> list[FeedEdge | None]:
        posts = await visible_posts(reader, links, viewer_id, [item.id for item in items])
        return [_edge(posts.get(item.id), item, asker) for item in items]

    feed = SnapshotFeed.REELS
    return await ranked_page(backend, reader, viewer_id, feed, first=first, after=after, rank=rank, prove=prove)


def _edge(post: VisiblePost | None, item: Item, asker: _Asker) -> FeedEdge | None:
    if post is None or post.kind != PostKind.REEL or post.state != PostState.LIVE:
        return None
    hashtag_ids = frozenset(one.id for one in post.hashtags)
    reason = asker.reason(post.author.id, post.follow_state, hashtag_ids, is_private=post.author.is_private)
    if reason is FeedReason.SUGGESTED:
        if item.reason in (FeedReason.FOLLOWING, FeedReason.FOLLOWED_HASHTAG):
            return None  # the viewer has left what brought it here
        reason = item.reason
    return FeedEdge(post, "", reason=reason, score=item.score) if reason else None


async def _ranked(backend: Backend, reader: Reader, asker: _Asker) -> Ranked:
    rows = await reader.on_shard_of(asker.id, FOLLOWED_BY, asker.id)
    followed, listed, pool = await asyncio.gather(
        reader.by_ids(LATEST_REELS_OF, [row["followed_id"] for row in rows], OF_AUTHOR, OF_AUTHORS),
        reader.by_ids(LATEST_OF_HASHTAGS, asker.hashtags, LISTED),
        trending(backend, reader, Pool.REELS),
    )
    ids = {row["id"] for row in followed} | {row["post_id"] for row in listed} | {post.id for post in pool}
    seen, viewer = await asyncio.gather(seen_posts(reader, asker.id, ids), viewer_features(reader, asker.id))
    candidates = await post_features(reader, asker.id, ids, seen=seen)
    reels = [(one, reason) for one in candidates if (reason := _candidate_reason(one, asker)) is not None]
    scores = Formula()([one.features for one, _ in reels], viewer, clock.now_ms())
    ranked = by_score(zip(scores, reels, strict=True), lambda one: (one[0], one[1][0].id))
    order = spread(ranked[:LENGTH], lambda one: one[1][0].author_id)
    items = [Item(ItemKind.POST, one.id, score, reason) for score, (one, reason) in order]
    made_of = [(one.id, REASON_NUMBERS[reason], one.features.is_seen) for one, reason in reels]
    return Ranked(items, made_of)


def _candidate_reason(one: Candidate, asker: _Asker) -> FeedReason | None:
    if one.features.kind != PostKind.REEL or one.state != PostState.LIVE or one.author_state != UserState.ACTIVE:
        return None
    if one.blocks_viewer:
        return None  # and it takes no place, so that what is shown is spread
    reason = asker.reason(one.author_id, one.follow_state, one.hashtag_ids, is_private=one.is_private)
    return trending_reason(one.features) if reason is FeedReason.SUGGESTED else reason
