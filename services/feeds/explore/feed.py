"""A page of explore. What comes into question is that to which something leads that the viewer likes (`leads.py`), and
what is trending (`pool.py`). Of that it keeps what is public, of nobody whom the viewer follows, has asked or mutes,
not the viewer's own, and neither seen nor liked before. Ranked and mixed (`ranking/explore.py`) it is a snapshot; each
page proves each post by visibility and asks the same of it anew."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from core import clock
from models.reads.explore import LEFT_OUT
from models.reads.reader import Reader
from models.tables import FollowState, PostState, SnapshotFeed, UserState
from services.backend import Backend
from services.feeds.explore.leads import Leads, leads_of
from services.feeds.explore.pool import Pool, trending
from services.feeds.home import FeedEdge
from services.feeds.ranked_pages import LENGTH, Ranked, ranked_page
from services.feeds.ranking.explore import ExploreFormula, mixed
from services.feeds.ranking.features import Candidate, post_features
from services.feeds.ranking.scorer import PostFeatures
from services.feeds.reasons import REASON_NUMBERS, FeedReason
from services.feeds.seen import seen_posts
from services.feeds.snapshots import Item, ItemKind
from services.marks import Marks, marks_of
from services.pages import Page
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost

KNOWN = (FollowState.ACCEPTED, FollowState.PENDING)
"""Whom the viewer follows, or has asked, need not be found."""


async def explore_feed(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, *, first: int = 20, after: str | None = None
) -> Page[VisiblePost]:
    """Ends where its snapshot does; the edges are FeedEdges.

    Raises RequestFault for a bad `first` or `after`, and ShardUnavailable where the viewer's shard is out of reach.
    What other nodes hold that are out of reach is left out.
    """
    marks = await marks_of(reader, viewer_id)

    async def rank() -> Ranked:
        return await _ranked(backend, reader, viewer_id, marks)

    async def prove(items: Sequence[Item]) -> list[FeedEdge | None]:
        ids = [item.id for item in items]
        posts, seen = await asyncio.gather(
            visible_posts(reader, links, viewer_id, ids), seen_posts(reader, viewer_id, ids)
        )
        shown = [post if (post := posts.get(id_)) and id_ not in seen and _is_new(post, marks) else None for id_ in ids]
        return [
            FeedEdge(post, "", reason=item.reason, score=item.score) if post else None
            for item, post in zip(items, shown, strict=True)
        ]

    feed = SnapshotFeed.EXPLORE
    return await ranked_page(backend, reader, viewer_id, feed, first=first, after=after, rank=rank, prove=prove)


def _is_new(post: VisiblePost, marks: Marks) -> bool:
    """What the author's shard says at this moment: also of the viewer's likes, of which mirrors hear later."""
    return (
        post.state == PostState.LIVE
        and not post.author.is_private
        and not post.viewer_is_author
        and post.follow_state not in KNOWN
        and not post.viewer_has_liked
        and not post.viewer_has_saved
        and post.author.id not in marks.muted
    )


def _may_be_new(candidate: Candidate, viewer_id: int, marks: Marks) -> bool:
    """The same of a candidate, to which it proves nothing."""
    return (
        candidate.state == PostState.LIVE
        and candidate.author_state == UserState.ACTIVE
        and not candidate.is_private
        and candidate.author_id != viewer_id
        and candidate.follow_state not in KNOWN
        and candidate.author_id not in marks.muted
        and candidate.author_id not in marks.blocked
        and not candidate.blocks_viewer
    )


@dataclass(frozen=True, slots=True)
class _Scored:
    id: int
    author_id: int
    score: float


async def _ranked(backend: Backend, reader: Reader, viewer_id: int, marks: Marks) -> Ranked:
    leads, pool = await asyncio.gather(leads_of(reader, viewer_id), trending(backend, reader, Pool.POSTS))
    ids = {*leads.liked, *leads.followed, *(post.id for post in pool)}
    found, seen = await asyncio.gather(post_features(reader, viewer_id, ids), seen_posts(reader, viewer_id, ids))
    candidates = [one for one in found if one.id not in seen and _may_be_new(one, viewer_id, marks)]
    left_out = await _left_out(reader, viewer_id, candidates)
    new = [one.features for one in candidates if one.id not in left_out]
    ways = {post.id: float(leads.liked[post.id] + leads.followed[post.id]) for post in new}
    scores = ExploreFormula()(new, ways, clock.now_ms())
    order = mixed((_Scored(post.id, post.author_id, score) for post, score in zip(new, scores, strict=True)), LENGTH)
    reasons = {post.id: _reason(post, leads) for post in new}
    items = [Item(ItemKind.POST, one.id, one.score, reasons[one.id]) for one in order]
    return Ranked(items, sorted((post_id, REASON_NUMBERS[reason]) for post_id, reason in reasons.items()))


def _reason(post: PostFeatures, leads: Leads) -> FeedReason:
    if post.id in leads.liked:
        return FeedReason.SIMILAR_TO_LIKED
    return FeedReason.SUGGESTED if post.id in leads.followed else trending_reason(post)


def trending_reason(post: PostFeatures) -> FeedReason:
    """Of a post that is there because it is new: only what somebody did something with is trending."""
    is_touched = post.likes + post.comments + post.shares + post.saves > 0
    return FeedReason.TRENDING if is_touched else FeedReason.SUGGESTED


async def _left_out(reader: Reader, viewer_id: int, candidates: Sequence[Candidate]) -> set[int]:
    """Posts that the viewer likes or has saved: a mirror, which only hides."""
    ids = [one.id for one in candidates]
    return {row["id"] for row in await reader.on_shard_of(viewer_id, LEFT_OUT, viewer_id, ids)}
