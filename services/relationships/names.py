"""The names that stand on edges, so that whom someone follows, and by whom, can be searched on one shard."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, select, update

from core import clock
from models.ids import shard_of
from models.reads.people import NAMES_BY_ID
from models.reads.relationships import FOLLOWED_AFTER, FOLLOWERS_AFTER
from models.shards import Transaction
from models.tables import Follow, Following
from services.backend import Backend
from services.outbox import Job, Unfinished

TURN_SECONDS = 5.0
CHUNK = 500

Names: TypeAlias = tuple[str, str, int]
"""Username, full name, and the version of the two."""


def names_of(user: Any) -> Names:
    """From a row of NAMES_BY_ID."""
    return user["username"], user["full_name"], user["name_version"]


def folded(text: str) -> str:
    """One form for all ways of writing it: compatible characters, upper and lower case, and spaces are one."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def search_text(username: str, full_name: str) -> str:
    """What a search for the beginning of a word looks through."""
    return folded(f"{username} {full_name}")


def follower_columns(username: str, full_name: str, name_version: int) -> dict[str, Any]:
    """Of `follows`."""
    return _columns("follower", username, full_name, name_version)


def followed_columns(username: str, full_name: str, name_version: int) -> dict[str, Any]:
    """Of `following`."""
    return _columns("followed", username, full_name, name_version)


def _columns(who: str, username: str, full_name: str, name_version: int) -> dict[str, Any]:
    return {
        f"{who}_username": username,
        f"{who}_name": full_name,
        f"{who}_name_version": name_version,
        f"{who}_search": search_text(username, full_name),
    }


async def refresh_names(job: Job) -> None:
    """For USER_RENAMED: the present names onto the edges of whom the user follows, then of the user's followers.

    An edge that is made meanwhile sees to itself (`repair_follow`). Raises ShardUnavailable, and Unfinished where there
    is more to do. The progress is {"followed": the last done, "follower": the same}.
    """
    backend, user_id = job.backend, job.payload["user_id"]
    [user] = await backend.reader().on_shard_of(user_id, NAMES_BY_ID, [user_id])
    names = names_of(user)
    progress = {"followed": 0, "follower": 0, **(job.progress or {})}
    began = clock.monotonic()
    for side, page_sql in (("followed", FOLLOWED_AFTER), ("follower", FOLLOWERS_AFTER)):
        while True:
            rows = await backend.reader().on_shard_of(user_id, page_sql, user_id, progress[side], CHUNK)
            others = [row["person_id"] for row in rows]
            await (rename_follower if side == "followed" else rename_followed)(backend, user_id, others, names)
            if len(others) < CHUNK:
                break
            progress[side] = others[-1]
            await job.save_progress(progress)
            if clock.monotonic() - began > TURN_SECONDS:
                raise Unfinished


async def rename_follower(backend: Backend, follower_id: int, followed_ids: Iterable[int], names: Names) -> None:
    """On the edges of `follows` whose names are older. Raises ShardUnavailable."""
    for shard, some in _by_shard(followed_ids).items():
        async with backend.transaction(shard) as transaction:
            own = Follow.follower_id == follower_id
            edges = (Follow.followed_id.in_(some), own, Follow.follower_name_version < names[2])
            await _hold(transaction, Follow.followed_id, edges)
            await transaction.session.execute(update(Follow).where(*edges).values(follower_columns(*names)))


async def rename_followed(backend: Backend, followed_id: int, follower_ids: Iterable[int], names: Names) -> None:
    """On the edges of `following` whose names are older. Raises ShardUnavailable."""
    for shard, some in _by_shard(follower_ids).items():
        async with backend.transaction(shard) as transaction:
            own = Following.followed_id == followed_id
            edges = (Following.follower_id.in_(some), own, Following.followed_name_version < names[2])
            await _hold(transaction, Following.follower_id, edges)
            await transaction.session.execute(update(Following).where(*edges).values(followed_columns(*names)))


async def _hold(transaction: Transaction, other: Any, edges: Sequence[ColumnElement[bool]]) -> None:
    """One person's edges, in the order of the others' ids, as `services.withholding` takes them: so that none waits in
    a ring."""
    await transaction.session.execute(select(other).where(*edges).order_by(other).with_for_update())


def _by_shard(user_ids: Iterable[int]) -> dict[int, list[int]]:
    grouped: dict[int, list[int]] = {}
    for user_id in user_ids:
        grouped.setdefault(shard_of(user_id), []).append(user_id)
    return grouped
