"""What a viewer has set about people that every page asks: whom they block, and whom they mute."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.reads.people import SET_BY_VIEWER
from models.reads.reader import Reader

NOBODY = 0
"""The viewer's id of an anonymous caller. No user has it."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Ids of people. `services.relationships` limits how many there can be."""

    blocked: frozenset[int] = frozenset()
    muted: frozenset[int] = frozenset()


NO_MARKS = Marks()


async def marks_of(reader: Reader, viewer_id: int) -> Marks:
    """From the viewer's shard, once per operation (`Reader.kept`). Raises ShardUnavailable: where it is not known whom
    the viewer blocks, nobody may be shown."""
    if viewer_id == NOBODY:
        return NO_MARKS
    key = (marks_of, viewer_id)
    if key not in reader.kept:
        rows = await reader.on_shard_of(viewer_id, SET_BY_VIEWER, viewer_id)
        keep_marks(reader, viewer_id, rows[0]["blocked"] if rows else (), rows[0]["muted"] if rows else ())
    marks: Marks = reader.kept[key]
    return marks


def keep_marks(reader: Reader, viewer_id: int, blocked: Iterable[int], muted: Iterable[int]) -> None:
    """For who has just read them on the way to something else."""
    reader.kept[marks_of, viewer_id] = Marks(frozenset(blocked), frozenset(muted))
