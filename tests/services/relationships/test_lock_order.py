"""A person's edges are taken in one order by whatever changes many of them, so that no two wait for each other."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from sqlalchemy import text

from models.ids import shard_of
from services.accounts.suspension import suspend
from services.backend import Backend
from services.relationships.names import rename_followed, rename_follower
from services.withholding import FOLLOWING, FOLLOWS, settle
from tests.factories import make_user
from tests.posting import change
from tests.services.feeds.town import Town

Work = Callable[[Backend, int, list[int]], Coroutine[Any, Any, None]]
NAMES = ("ada", "Ada", 9)
WORKS: list[tuple[str, str, str, Work]] = [
    ("follows", "followed_id", "follower_id", lambda backend, one, some: rename_follower(backend, one, some, NAMES)),
    ("following", "follower_id", "followed_id", lambda backend, one, some: rename_followed(backend, one, some, NAMES)),
    ("follows", "followed_id", "follower_id", lambda backend, one, some: settle(backend, FOLLOWS, one, some)),
    ("following", "follower_id", "followed_id", lambda backend, one, some: settle(backend, FOLLOWING, one, some)),
]
WAITING = """
    SELECT FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%' || $1 || '%'
"""


@pytest.mark.parametrize(("table", "other", "own", "work"), WORKS)
async def test_edges_are_taken_by_id(backend: Backend, table: str, other: str, own: str, work: Work) -> None:
    """While the lower of two is held by somebody, the higher one is free."""
    town, person = Town(backend), (await make_user(backend)).id
    lower, higher = sorted([await town.person(3), await town.person(3)])
    for one in (higher, lower):  # the higher one lies first
        who, whom = (person, one) if table == "follows" else (one, person)
        await town.set_follow(who, whom)
    await suspend(backend, person)
    await change(backend, lower, f"ANALYZE {table}")  # a table that is known to be small is read as it lies
    sql = f"SELECT FROM {table} WHERE {other} = :other AND {own} = :own FOR UPDATE"
    async with backend.transaction(3) as holding:
        await holding.session.execute(text(sql), {"other": lower, "own": person})
        working = asyncio.create_task(work(backend, person, [lower, higher]))
        while not await backend.reader().on_shard_of(lower, WAITING, f" {table}"):
            assert not working.done()
            await asyncio.sleep(0.02)
        await change(backend, higher, f"{sql} NOWAIT", other=higher, own=person)
    await working
    assert shard_of(lower) == shard_of(higher) == 3
