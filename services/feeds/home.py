"""A page of the home feed: skeleton → rules → refill. The skeleton may say too much and be late; the rules ask the
truth, so that what they let pass is to be seen, and of someone or something that the viewer follows at this moment."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from models.ids import MAX_ID
from models.reads.reader import Reader
from services.backend import Backend
from services.feeds.candidates import Candidates
from services.feeds.reasons import FeedReason
from services.marks import Marks, marks_of
from services.pages import Edge, Page, PageInfo, checked_first, decode_cursor, encode_cursor
from services.visibility import visible_posts
from services.visible import MediaLinks, VisiblePost

REFILLS = 3
REFILL_COUNT = 100


@dataclass(slots=True, eq=False, kw_only=True)
class FeedEdge(Edge[Any]):
    """Of a VisiblePost, or of what stands between posts (`inserts.py`). `score` is what ranked a post, None in
    chronological order."""

    reason: FeedReason
    score: float | None = None


def reason_of(post: VisiblePost, marks: Marks, hashtag_ids: Collection[int] = ()) -> FeedReason | None:
    """Why a post is in the home feed of a viewer who follows these hashtags; None if it is not."""
    if post.state != "LIVE":
        return None
    if post.viewer_is_author:
        return FeedReason.OWN
    if post.author.id in marks.muted:
        return None
    if post.follow_state == "ACCEPTED":
        return FeedReason.FOLLOWING
    if any(hashtag.id in hashtag_ids for hashtag in post.hashtags):
        return FeedReason.FOLLOWED_HASHTAG
    return None


async def home_feed(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int, *, first: int = 20, after: str | None = None
) -> Page[VisiblePost]:
    """Posts of those whom the viewer follows, of followed hashtags, and the own, each once, newest first; the edges are
    FeedEdges.

    Raises RequestFault for a bad `first` or `after`, and ShardUnavailable where it is not known whom the viewer
    follows. Posts on other nodes that are out of reach are left out.
    """
    checked_first(first)
    [below] = (MAX_ID,) if after is None else decode_cursor(after, 1)
    candidates = Candidates(backend, reader, viewer_id, max(below, 0))
    marks = await marks_of(reader, viewer_id)
    edges: list[FeedEdge] = []
    wanted = first + 1  # one more tells whether there is a next page
    for _ in range(1 + REFILLS):
        ids = await candidates.next(wanted)
        posts, followed = await visible_posts(reader, links, viewer_id, ids), candidates.hashtag_ids
        edges += [edge for post_id in ids if (edge := _edge_of(posts.get(post_id), marks, followed)) is not None]
        if len(edges) > first or candidates.ended:
            break
        wanted = REFILL_COUNT
    shown = edges[:first]
    end = shown[-1].cursor if shown else None
    if len(edges) <= first and not candidates.ended:
        # The rules left the page short: the next one goes on below what was looked at, not below what was shown.
        end = encode_cursor(candidates.below)
    page_info = PageInfo(
        has_next_page=len(edges) > first or not candidates.ended,
        has_previous_page=after is not None,
        start_cursor=shown[0].cursor if shown else None,
        end_cursor=end,
    )
    return Page(shown, page_info)


def _edge_of(post: VisiblePost | None, marks: Marks, hashtag_ids: Collection[int]) -> FeedEdge | None:
    reason = reason_of(post, marks, hashtag_ids) if post else None
    if post is None or reason is None:
        return None
    return FeedEdge(post, encode_cursor(post.id), reason=reason)
