"""What stands between the viewer and many people: one statement per node, and one on the viewer's own."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.reads.reader import Reader
from models.reads.relationships import FOLLOWS_BY_VIEWER, STANDING_WITH_VIEWER
from models.tables import FollowState


async def follows_by(reader: Reader, viewer_id: int, user_ids: Iterable[int]) -> dict[int, str]:
    """The state of the viewer's follow of each, by user; those on nodes that do not answer are left out."""
    wanted = set(user_ids)
    if not wanted:
        return {}
    rows = await reader.by_ids(FOLLOWS_BY_VIEWER, wanted, viewer_id)
    return {row["user_id"]: FollowState(row["state"]) for row in rows}


@dataclass(slots=True, frozen=True)
class AlertsRow:
    posts: bool = False
    stories: bool = False
    reels: bool = False
    live: bool = False


@dataclass(slots=True, frozen=True)
class Standing:
    """All that stands on the viewer's shard between the viewer and a user. `follow_state` is the user's follow of the
    viewer."""

    follow_state: str | None = None
    is_blocking: bool = False
    is_muting: bool = False
    is_close_friend: bool = False
    alerts: AlertsRow = AlertsRow()


async def standing_with(reader: Reader, viewer_id: int, user_ids: Iterable[int]) -> dict[int, Standing]:
    """Of each of the users. Raises ShardUnavailable."""
    wanted = list(set(user_ids))
    if not wanted:
        return {}
    rows = await reader.on_shard_of(viewer_id, STANDING_WITH_VIEWER, viewer_id, wanted)
    return {
        row["user_id"]: Standing(
            row["follow_state"],
            row["is_blocking"],
            row["is_muting"],
            row["is_close_friend"],
            AlertsRow(row["posts"], row["stories"], row["reels"], row["live"]),
        )
        for row in rows
    }


@dataclass(slots=True, eq=False)
class RelationshipRow:
    """What the viewer is to a user; all else is asked for apart."""

    user_id: int
    viewer_id: int
    follow_state: str | None

    @property
    def is_self(self) -> bool:
        return self.user_id == self.viewer_id

    @property
    def is_following(self) -> bool:
        return self.follow_state == FollowState.ACCEPTED

    @property
    def has_requested_to_follow(self) -> bool:
        return self.follow_state == FollowState.PENDING
