"""People by what ties them to someone or something: followers, the followed, likers. Page by page, of many at once in
one statement per node and one more for the people."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from core.errors import ShardUnavailable
from models.ids import shard_of
from models.reads.feeds import FOLLOWED_BY
from models.reads.reader import Reader
from models.reads.relationships import (
    BLOCKED_BY_USERS,
    CLOSE_FRIENDS_OF_USERS,
    FOLLOWERS_AMONG,
    FOLLOWERS_OF_USERS,
    FOLLOWING_OF_USERS,
    LIKERS_OF_SUBJECTS,
    MUTED_BY_USERS,
    REQUESTS_TO_USERS,
)
from models.tables import FollowState
from services.marks import NOBODY, marks_of
from services.pages import LATEST, Page, checked_first, decode_cursor, in_calendar, microseconds
from services.refill import Position, filled
from services.relationships.names import folded
from services.relationships.states import follows_by
from services.visibility import content_may_be_seen, users_blocked, visible_users
from services.visible import MediaLinks, VisibleUser

Prove: TypeAlias = Callable[[Reader, MediaLinks, int, set[int]], Awaitable[dict[int, VisibleUser]]]
"""Those of some people whom the viewer may be shown, by id."""


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


async def mutual_followers_of_users(
    reader: Reader, links: MediaLinks, viewer_id: int, user_ids: Sequence[int], *, first: int, after: str | None
) -> dict[int, Page[VisibleUser]]:
    """Who follows them and is followed by the viewer, the latest to follow them first; nobody for an anonymous viewer.

    Whom to ask for comes from the viewer's mirror, the answer from the truth of both follows. Raises as the others, and
    ShardUnavailable where it is not known whom the viewer follows.
    """
    checked_first(first)
    among: list[int] = []
    if viewer_id != NOBODY:
        among = [row["followed_id"] for row in await reader.on_shard_of(viewer_id, FOLLOWED_BY, viewer_id)]
    arguments = (viewer_id, among)
    return await _people(
        reader, links, viewer_id, user_ids, FOLLOWERS_AMONG, arguments, first, after, prove=visible_and_followed
    )


class OwnList(StrEnum):
    """Lists of people that are the viewer's alone."""

    REQUESTS = REQUESTS_TO_USERS
    BLOCKED = BLOCKED_BY_USERS
    MUTED = MUTED_BY_USERS
    CLOSE_FRIENDS = CLOSE_FRIENDS_OF_USERS


async def own_people(
    reader: Reader, links: MediaLinks, viewer_id: int, which: OwnList, *, first: int, after: str | None
) -> Page[VisibleUser]:
    """The latest first: since when they ask, or are blocked, muted, close friends. Whom the viewer blocks is shown in
    the list of those alone. Raises as the others, and ShardUnavailable."""
    prove = users_blocked if which is OwnList.BLOCKED else visible_users
    found = await _people(reader, links, viewer_id, [viewer_id], which.value, (), first, after, prove=prove)
    home = reader.shards.node_of(shard_of(viewer_id))
    if home in reader.unavailable:
        raise ShardUnavailable(home)
    return found[viewer_id]


async def visible_and_followed(
    reader: Reader, links: MediaLinks, viewer_id: int, user_ids: set[int]
) -> dict[int, VisibleUser]:
    """Those of the people whom the viewer may see and follows, as the truth says. Two statements per node."""
    people, states = await asyncio.gather(
        visible_users(reader, links, viewer_id, user_ids), follows_by(reader, viewer_id, user_ids)
    )
    return {id_: user for id_, user in people.items() if states.get(id_) == FollowState.ACCEPTED}


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
    *,
    prove: Prove = visible_users,
) -> dict[int, Page[VisibleUser]]:
    checked_first(first)

    async def fetch(begin: Mapping[int, Position], limit: int) -> list[Any]:
        since = [in_calendar(position[0]) for position in begin.values()]
        people = [position[1] for position in begin.values()]
        reading = reader.by_ids(sql, begin, list(begin), since, people, limit, *arguments)
        rows, marks = await asyncio.gather(reading, marks_of(reader, viewer_id))
        # Rows of people's own lists carry what their visibility needs; likers hang on what was proved before. Of a list
        # that may not be looked into no row goes on: the cursor of a page left short tells who stands there.
        return [row for row in rows if "user_state" not in row or content_may_be_seen(row, viewer_id, marks)]

    async def shown(rows: Sequence[Any]) -> list[VisibleUser | None]:
        people = await prove(reader, links, viewer_id, {row["person_id"] for row in rows})
        return [people.get(row["person_id"]) for row in rows]

    return await filled(
        list(dict.fromkeys(owner_ids)),
        LATEST if after is None else decode_cursor(after, 2),
        first,
        fetch=fetch,
        prove=shown,
        position_of=lambda row: (microseconds(row["since"]), row["person_id"]),
        since_of=lambda row: row["since"],
        is_later_page=after is not None,
    )
