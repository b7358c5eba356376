"""Events of an activity feed, the order in which they stand, and places in it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from models.ids import MAX_ID, floor_of
from services.pages import LATEST_MICROSECONDS, decode_cursor, in_calendar


class ActivityVerb(StrEnum):
    """What somebody did."""

    POSTED = "POSTED"
    LIKED = "LIKED"
    COMMENTED = "COMMENTED"
    FOLLOWED = "FOLLOWED"


VERBS = {1: ActivityVerb.POSTED, 2: ActivityVerb.LIKED, 3: ActivityVerb.COMMENTED, 4: ActivityVerb.FOLLOWED}
"""By the numbers that models/reads/activity.py and cursors know: never change one."""
POSTED, LIKED, COMMENTED, FOLLOWED = VERBS


class Event(NamedTuple):
    """The higher of two comes first. `moment` is in microseconds since 1970.

    Of posts and comments, whose ids say when they were made, the order is that of the ids: that is why the subject
    stands before the actor.
    """

    moment: int
    verb: int
    subject_id: int
    actor_id: int

    @property
    def happened_at(self) -> datetime:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=self.moment)


START = Event(LATEST_MICROSECONDS, max(VERBS) + 1, 0, 0)
"""Before everything."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where a statement begins behind an event: see `EVENTS_BEFORE`."""

    posted_before: int
    liked: tuple[int, int]
    commented_before: int
    followed: tuple[int, int]


def bounds_behind(event: Event) -> Bounds:
    return Bounds(
        _ids_before(event, POSTED), _edges_before(event, LIKED), _ids_before(event, COMMENTED),
        _edges_before(event, FOLLOWED),
    )  # fmt: skip


def _edges_before(event: Event, verb: int) -> tuple[int, int]:
    """A subject and an actor, before which an edge of this verb stands that is of the event's moment."""
    if verb == event.verb:
        return event.subject_id, event.actor_id
    return (MAX_ID, 0) if verb < event.verb else (0, 0)


def _ids_before(event: Event, verb: int) -> int:
    """What has its moment from its id stands behind the event if its id is lower than this."""
    millisecond, rest = divmod(event.moment, 1000)
    begin, end = (min(floor_of(at), MAX_ID) for at in (millisecond, millisecond + 1))
    if rest:
        return end
    subject_id, _ = _edges_before(event, verb)
    return min(max(subject_id, begin), end)


def place_of(cursor: str) -> tuple[Event, int]:
    """The event behind which a page begins, and the feed's horizon (milliseconds since 1970).

    Raises RequestFault (BAD_REQUEST). A cursor may be of another list: its numbers are brought to what SQL takes.
    """
    moment, verb, subject_id, actor_id, horizon = decode_cursor(cursor, 5)
    ids = (min(max(number, 0), MAX_ID - 1) for number in (subject_id, actor_id))
    return Event(in_calendar(moment), verb, *ids), in_calendar(horizon * 1000) // 1000
