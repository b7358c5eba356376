"""People by what ties them to someone or something: followers, the followed, likers. Page by page, of many at once in
one statement per node and one more for the people."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from models.ids import MAX_ID
from models.reads.reader import Reader
from models.reads.relationships import FOLLOWERS_OF_USERS, FOLLOWING_OF_USERS, LIKERS_OF_SUBJECTS
from services.marks import marks_of
from services.pages import Page, checked_first, decode_cursor
from services.refill import Position, filled
from services.relationships.names import folded
from services.visibility import content_may_be_seen, visible_users
from services.visible import MediaLinks, VisibleUser

_1970 = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Position = (253_402_300_799_000_000, MAX_ID)
"""The end of the year 9999, in microseconds since 1970: PostgreSQL's and Python's calendars both hold it."""


async def followers_of_users(
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    user_ids: Sequence[int],
    *,
    query: str | None,
    first: int,
    after: str | None,
) -> dict[int, Page[VisibleUser]]:
    """By user, the latest first; `query` keeps those of whose username or name a word begins with it. Of an account
    that the viewer may not look into, an empty page. Raises RequestFault for a bad `first` or `after`."""
    arguments = (viewer_id, _searched(query))
    return await _people(reader, links, viewer_id, user_ids, FOLLOWERS_OF_USERS, arguments, first, after)


async def following_of_users(
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    user_ids: Sequence[int],
    *,
    query: str | None,
    first: int,
    after: str | None,
) -> dict[int, Page[VisibleUser]]:
    """Whom they follow; as `followers_of_users`."""
    arguments = (viewer_id, _searched(query))
    return await _people(reader, links, viewer_id, user_ids, FOLLOWING_OF_USERS, arguments, first, after)


async def likers_of_subjects(
    reader: Reader, links: MediaLinks, viewer_id: int, subject_ids: Sequence[int], *, first: int, after: str | None
) -> dict[int, Page[VisibleUser]]:
    """Who likes posts or comments that the viewer may see, the latest first. Raises as the others."""
    return await _people(reader, links, viewer_id, subject_ids, LIKERS_OF_SUBJECTS, (), first, after)


def _searched(query: str | None) -> str | None:
    return folded(query.replace("\0", "")) or None if query else None


async def _people(  # noqa: PLR0917
    reader: Reader,
    links: MediaLinks,
    viewer_id: int,
    owner_ids: Sequence[int],
    sql: str,
    arguments: tuple[Any, ...],
    first: int,
    after: str | None,
) -> dict[int, Page[VisibleUser]]:
    checked_first(first)

    async def fetch(begin: Mapping[int, Position], limit: int) -> list[Any]:
        since = [min(max(position[0], 0), _LATEST[0]) for position in begin.values()]
        people = [position[1] for position in begin.values()]
        reading = reader.by_ids(sql, begin, list(begin), since, people, limit, *arguments)
        rows, marks = await asyncio.gather(reading, marks_of(reader, viewer_id))
        # Rows of people's own lists carry what their visibility needs; likers hang on what was proved before. Of a list
        # that may not be looked into no row goes on: the cursor of a page left short tells who stands there.
        return [row for row in rows if "user_state" not in row or content_may_be_seen(row, viewer_id, marks)]

    async def prove(rows: Sequence[Any]) -> list[VisibleUser | None]:
        people = await visible_users(reader, links, viewer_id, {row["person_id"] for row in rows})
        return [people.get(row["person_id"]) for row in rows]

    return await filled(
        list(dict.fromkeys(owner_ids)),
        _LATEST if after is None else decode_cursor(after, 2),
        first,
        fetch=fetch,
        prove=prove,
        position_of=lambda row: ((row["since"] - _1970) // timedelta(microseconds=1), row["person_id"]),
        since_of=lambda row: row["since"],
        is_later_page=after is not None,
    )
