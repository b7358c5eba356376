"""The card of people to follow, for those who follow few: people who are followed by those whom the viewer follows.

Whom to look at comes from mirrors; who is suggested, and by how many of those followed, from the truth.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from models.reads.reader import Reader
from models.reads.suggestions import FOLLOWED_BY_SOME, FOLLOWERS_OF_EACH_AMONG, LATEST_FOLLOWED
from models.tables import FollowState
from services.backend import Backend
from services.marks import marks_of
from services.relationships.pages import visible_and_followed
from services.visibility import content_may_be_seen, visible_users
from services.visible import MediaLinks, VisibleUser

MOST_SHOWN = 10
LOOKED_THROUGH = 5_000
"""So many of the latest follows of those whom the viewer follows, in equal parts, are looked through."""
CONSIDERED = 500
"""So many people, whom most of them follow, are asked about."""


@dataclass(slots=True, eq=False)
class SuggestedUserRow:
    """`mutual_count`: how many of those whom the viewer follows, sees and does not mute follow this person. `reason` is
    a sentence for people."""

    user: VisibleUser
    reason: str
    mutual_count: int


@dataclass(slots=True, eq=False)
class SuggestedUsersRow:
    """The most followed first; at least one."""

    users: list[SuggestedUserRow]


async def suggested_users(
    backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int
) -> SuggestedUsersRow | None:
    """At most MOST_SHOWN people whom the viewer may look up and into, and neither follows, has asked, mutes nor is;
    None where there is nobody, or the viewer follows enough. Who is muted is not named or counted either: the card
    stands in a feed. Raises ShardUnavailable.

    One statement on the viewer's shard and five per node at most, however many there are: whom the viewer follows; who
    of them is to be seen, and followed in truth; whom they follow; who of those may be suggested; and their profiles.
    None a second time within an operation.
    """
    key = (suggested_users, viewer_id)
    if key not in reader.kept:
        reader.kept[key] = await _suggested(backend, reader, links, viewer_id)
    kept: SuggestedUsersRow | None = reader.kept[key]
    return kept


async def _suggested(backend: Backend, reader: Reader, links: MediaLinks, viewer_id: int) -> SuggestedUsersRow | None:
    followed = await _few_followed(backend, reader, viewer_id)
    if not followed:
        return None
    marks = await marks_of(reader, viewer_id)
    among = await visible_and_followed(reader, links, viewer_id, set(followed) - marks.muted)
    if not among:
        return None
    left_out = {viewer_id, *followed} | marks.muted | marks.blocked
    numbers: Counter[int] = Counter()
    for row in await reader.by_ids(FOLLOWED_BY_SOME, among, LOOKED_THROUGH // len(among)):
        if row["user_id"] not in left_out:
            numbers[row["user_id"]] += row["number"]
    considered = sorted(numbers, key=lambda user_id: (-numbers[user_id], user_id))[:CONSIDERED]
    rows = await reader.by_ids(FOLLOWERS_OF_EACH_AMONG, considered, viewer_id, list(among)) if considered else []
    mutual = {
        row["user_id"]: row["follower_ids"]
        for row in rows
        if row["follower_ids"]
        and row["follow_state"] not in (FollowState.ACCEPTED, FollowState.PENDING)
        and content_may_be_seen(row, viewer_id, marks)
    }
    best = sorted(mutual, key=lambda user_id: (-len(mutual[user_id]), user_id))[:MOST_SHOWN]
    people = await visible_users(reader, links, viewer_id, best)
    shown = [
        SuggestedUserRow(people[user_id], reason_of([among[one] for one in mutual[user_id]]), len(mutual[user_id]))
        for user_id in best
        if user_id in people
    ]
    return SuggestedUsersRow(shown) if shown else None


def reason_of(followers: Sequence[VisibleUser]) -> str:
    """Why somebody is suggested, in a sentence: who of those whom the viewer follows and sees follows them, of whom
    there is at least one. One is named; both, where there are two."""
    first, others = followers[0].username, len(followers) - 1
    if others == 0:
        return f"Followed by {first}"
    return f"Followed by {first} and {followers[1].username if others == 1 else f'{others} others'}"


async def _few_followed(backend: Backend, reader: Reader, viewer_id: int) -> list[int]:
    """Whom the viewer follows; nobody for one who follows enough."""
    below = backend.settings.suggest_below_follows
    rows = await reader.on_shard_of(viewer_id, LATEST_FOLLOWED, viewer_id, below) if below else []
    return [row["followed_id"] for row in rows] if len(rows) < below else []
