import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from core import clock
from core.errors import RequestErrorCode, RequestFault
from models.tables import SnapshotFeed
from services.backend import Backend
from services.feeds import snapshots
from services.feeds.reasons import FeedReason
from services.feeds.snapshots import Item, ItemKind, Snapshot, Walk, keep_snapshot, latest_snapshot, walk
from services.pages import Edge
from tests.services.feeds.town import Town

HOME = SnapshotFeed.HOME


def posts(count: int) -> list[Item]:
    return [Item(ItemKind.POST, 1000 + n, 1 / (n + 1), FeedReason.FOLLOWING) for n in range(count)]


async def keep(backend: Backend, viewer: int, items: Sequence[Item], feed: SnapshotFeed = HOME) -> Snapshot:
    return await keep_snapshot(backend, viewer, feed, items, fingerprint=2**63 - 1, floor_id=77)


async def look(backend: Backend, viewer: int, snapshot_id: int, position: int, count: int) -> Walk:
    """Shows what has an even id."""

    async def prove(items: Sequence[Item]) -> list[Edge[Item] | None]:
        return [Edge(item, "") if item.id % 2 == 0 else None for item in items]

    arguments = {"snapshot_id": snapshot_id, "position": position, "count": count}
    return await walk(backend.reader(), viewer, HOME, **arguments, prove=prove)


async def test_what_was_kept_is_read_as_it_was(town: Town) -> None:
    viewer = await town.person()
    card = Item(ItemKind.SUGGESTED_USERS, 0, None, FeedReason.SUGGESTED)
    items = [*posts(2), card, Item(ItemKind.SPONSORED, 2**62, None, FeedReason.SPONSORED)]
    kept = await keep(town.backend, viewer, items)
    assert (kept.fingerprint, kept.floor_id, kept.length) == (2**63 - 1, 77, 4)
    assert await latest_snapshot(town.backend.reader(), viewer, HOME) == kept
    assert await latest_snapshot(town.backend.reader(), viewer, SnapshotFeed.EXPLORE) is None
    shown: list[Item] = []

    async def prove(some: Sequence[Item]) -> list[Edge[Item] | None]:
        shown.extend(some)
        return [Edge(item, "") for item in some]

    found = await walk(town.backend.reader(), viewer, HOME, snapshot_id=kept.id, position=0, count=10, prove=prove)
    assert shown == items
    assert ([place for place, _ in found.edges], found.position, found.floor_id, found.ended) == (
        [0, 1, 2, 3],
        4,
        77,
        True,
    )


async def test_a_page_that_is_left_short_is_filled_up(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "REFILL_COUNT", 6)
    viewer = await town.person()
    kept = await keep(town.backend, viewer, posts(40))
    first = await look(town.backend, viewer, kept.id, 0, 4)
    assert [place for place, _ in first.edges] == [0, 2, 4, 6, 8]
    assert (first.position, first.ended) == (10, False)
    last = await look(town.backend, viewer, kept.id, 38, 4)
    assert ([place for place, _ in last.edges], last.position, last.ended) == ([38], 40, True)


async def test_the_oldest_are_forgotten_and_those_of_others_are_not_there(town: Town) -> None:
    viewer, other = await town.person(), await town.person()
    await keep(town.backend, viewer, posts(1), SnapshotFeed.REELS)
    kept = [(await keep(town.backend, viewer, posts(1))).id for _ in range(snapshots.KEPT + 2)]
    for snapshot_id in kept[2:]:
        assert (await look(town.backend, viewer, snapshot_id, 0, 1)).position == 1
    assert await latest_snapshot(town.backend.reader(), viewer, SnapshotFeed.REELS)
    for owner, snapshot_id in ((viewer, kept[0]), (viewer, kept[1]), (other, kept[-1])):
        with pytest.raises(RequestFault, match="begin it anew") as fault:
            await look(town.backend, owner, snapshot_id, 0, 1)
        assert fault.value.code is RequestErrorCode.BAD_REQUEST


async def test_many_that_begin_at_once_read_one(town: Town) -> None:
    """Else each would make one, and those beyond KEPT would be forgotten before they are read."""
    viewer, since = await town.person(), clock.now() - timedelta(minutes=1)

    async def begin(fingerprint: int) -> int:
        kept = await keep_snapshot(
            town.backend, viewer, HOME, posts(3), fingerprint=fingerprint, floor_id=77, unless_since=since
        )
        assert (kept.fingerprint, kept.floor_id, kept.length) == (fingerprint, 77, 3)
        return kept.id

    begun = await asyncio.gather(*(begin(5) for _ in range(2 * snapshots.KEPT)))
    assert len(set(begun)) == 1
    other = await begin(6)
    assert other > begun[0]
    assert (await look(town.backend, viewer, begun[0], 0, 1)).position == 1
    since = clock.now() + timedelta(minutes=1)
    assert await begin(6) > other
