"""Orders of feeds, and why an item is in one."""

from enum import StrEnum


class FeedOrder(StrEnum):
    """In which order a feed is read. Names are stored (`users.feed_order`): never rename one."""

    RANKED = "RANKED"
    CHRONOLOGICAL = "CHRONOLOGICAL"


class FeedReason(StrEnum):
    """Why an item is there."""

    FOLLOWING = "FOLLOWING"
    FOLLOWED_HASHTAG = "FOLLOWED_HASHTAG"
    SUGGESTED = "SUGGESTED"
    TRENDING = "TRENDING"
    SIMILAR_TO_LIKED = "SIMILAR_TO_LIKED"
    SPONSORED = "SPONSORED"
    OWN = "OWN"


REASON_NUMBERS = {
    FeedReason.OWN: 1,
    FeedReason.FOLLOWING: 2,
    FeedReason.FOLLOWED_HASHTAG: 3,
    FeedReason.SUGGESTED: 4,
    FeedReason.TRENDING: 5,
    FeedReason.SIMILAR_TO_LIKED: 6,
    FeedReason.SPONSORED: 7,
}
"""As snapshots store them: never change one."""
NUMBERED_REASONS = {number: reason for reason, number in REASON_NUMBERS.items()}
