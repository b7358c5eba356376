"""Pages of a list, by keyset: what connections are made of."""

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from core.errors import RequestErrorCode, RequestFault
from core.sealed import sealed, unsealed
from models.ids import MAX_ID

MAX_PAGE = 100
LATEST_MICROSECONDS = 253_402_300_799_000_000
"""The end of the year 9999, since 1970: PostgreSQL's and Python's calendars both hold it."""
LATEST = (LATEST_MICROSECONDS, MAX_ID)
"""Where a list begins that has the latest first: a moment and, among equals, the higher id."""
_1970 = datetime(1970, 1, 1, tzinfo=UTC)
Node = TypeVar("Node")


@dataclass(slots=True, eq=False)
class PageInfo:
    has_next_page: bool = False
    has_previous_page: bool = False
    start_cursor: str | None = None
    end_cursor: str | None = None


@dataclass(slots=True, eq=False)
class Edge(Generic[Node]):
    node: Node
    cursor: str
    since: Any = None


@dataclass(slots=True, eq=False)
class Page(Generic[Node]):
    """`edges` in the order asked for. `nodes` are the same without the cursors."""

    edges: Sequence[Edge[Node]] = ()
    page_info: PageInfo = field(default_factory=PageInfo)

    @property
    def nodes(self) -> list[Node]:
        return [edge.node for edge in self.edges]


def checked_first(first: int) -> int:
    """Raises RequestFault (LIMIT_EXCEEDED) outside 1..100."""
    if not 1 <= first <= MAX_PAGE:
        raise RequestFault(RequestErrorCode.LIMIT_EXCEEDED, f"`first` must be between 1 and {MAX_PAGE}.")
    return first


def encode_cursor(*numbers: int) -> str:
    """Sealed: a cursor may stand at something that was not shown, and one that anybody could make would find out where
    such things are."""
    return sealed(struct.pack(f">{len(numbers)}q", *numbers))


def decode_cursor(cursor: str, length: int) -> tuple[int, ...]:
    """Raises RequestFault (BAD_REQUEST) for what `encode_cursor` did not make with that many numbers."""
    try:
        return struct.unpack(f">{length}q", unsealed(cursor))
    except (ValueError, struct.error) as fault:
        raise RequestFault(RequestErrorCode.BAD_REQUEST, "`after` is not a cursor of this list.") from fault


def microseconds(moment: datetime) -> int:
    """Since 1970: a moment as cursors hold it."""
    return (moment - _1970) // timedelta(microseconds=1)


def in_calendar(number: int) -> int:
    """A number of a cursor, which may be of another list, as microseconds since 1970 that PostgreSQL takes."""
    return min(max(number, 0), LATEST_MICROSECONDS)


def page_of(
    nodes: Sequence[Node],
    first: int,
    cursor_of: Callable[[Node], str],
    *,
    after: str | None,
    has_more: bool | None = None,
) -> Page[Node]:
    """A page of the first `first` nodes. There is a next one if more were given, or `has_more` says so."""
    shown = nodes[:first]
    edges = [Edge(node, cursor_of(node)) for node in shown]
    return Page(
        edges,
        PageInfo(
            has_next_page=len(nodes) > first if has_more is None else has_more,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )
