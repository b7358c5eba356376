"""Pages of many lists at once, of which some items may turn out not to be shown.

A page that the rules left short is filled up in a few rounds, all lists in each round together, so that the number of
statements depends on nothing else. What is short even then says that there is more, and where to go on: which tells
that so much was hidden there. So the rounds that fill up look far, where a first page may be of one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, TypeAlias, TypeVar

from services.pages import Edge, Page, PageInfo, encode_cursor

ROUNDS = 3
REFILL = 100
"""How many rows of a list each round behind the first looks at, or as many as the page has."""
Node = TypeVar("Node")
Position: TypeAlias = tuple[int, ...]
"""Where an item stands in its list: what its cursor holds."""

Fetch: TypeAlias = Callable[[Mapping[int, Position], int], Awaitable[Sequence[Any]]]
"""The next rows behind each list's position, at most so many of each: in order, with the list in `page_of`."""


async def filled(
    lists: Sequence[int],
    start: Position,
    first: int,
    *,
    fetch: Fetch,
    position_of: Callable[[Any], Position],
    prove: Callable[[Sequence[Any]], Awaitable[Sequence[Node | None]]],
    since_of: Callable[[Any], Any] = lambda _row: None,
    is_later_page: bool,
) -> dict[int, Page[Node]]:
    """A page of each list. `prove` tells for each row what is shown of it, None for nothing."""
    edges: dict[int, list[Edge[Node]]] = {number: [] for number in lists}
    unfinished: dict[int, Position] = dict.fromkeys(lists, start)
    limit = first + 1
    for _ in range(ROUNDS):
        rows = await fetch(unfinished, limit)
        read: dict[int, list[Any]] = {}
        for row, node in zip(rows, await prove(rows), strict=True):
            read.setdefault(row["page_of"], []).append(row)
            if node is not None:
                edges[row["page_of"]].append(Edge(node, encode_cursor(*position_of(row)), since_of(row)))
        unfinished = {
            number: position_of(some[-1])
            for number, some in read.items()
            if len(some) == limit and len(edges[number]) <= first
        }
        limit = max(limit, REFILL)
        if not unfinished:
            break
    return {
        number: _page(found, first, unfinished.get(number), is_later_page=is_later_page)
        for number, found in edges.items()
    }


def _page(found: list[Edge[Node]], first: int, looked_to: Position | None, *, is_later_page: bool) -> Page[Node]:
    shown = found[:first]
    end = shown[-1].cursor if shown else None
    return Page(
        shown,
        PageInfo(
            has_next_page=len(found) > first or looked_to is not None,
            has_previous_page=is_later_page,
            start_cursor=shown[0].cursor if shown else None,
            end_cursor=end if looked_to is None else encode_cursor(*looked_to),
        ),
    )
