"""Truth and mirror on two shards, and jobs that carry the one to the other late, twice, in any order."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.clock import now
from models.tables import Like, LikeGiven
from services.backend import Backend
from services.mirrors import Change, Edge, apply, entered, transition

LIKED, GONE = "LIKED", "GONE"
POST_SHARD, LIKER_SHARD = 11, 12


@dataclass(frozen=True, slots=True)
class Pair:
    """A post and a liker, of shards of their own."""

    backend: Backend
    post_id: int
    user_id: int

    async def like(self) -> Edge | None:
        return await self._move(LIKED, [None, GONE])

    async def unlike(self) -> Edge | None:
        return await self._move(GONE, [LIKED])

    async def _move(self, to_state: str, from_states: list[str | None]) -> Edge | None:
        async with self.backend.transaction(POST_SHARD) as transaction:
            key = {"subject_id": self.post_id, "user_id": self.user_id}
            return await transition(transaction, Like, key, to_state=to_state, from_states=from_states)

    async def mirror(self, version: int, state: str, since: datetime) -> Change:
        async with self.backend.transaction(LIKER_SHARD) as transaction:
            key = {"user_id": self.user_id, "subject_id": self.post_id}
            return await apply(transaction, LikeGiven, key, {"since": since}, version=version, state=state)

    async def truth(self) -> tuple[object, ...] | None:
        return await self._row(self.post_id, "likes")

    async def mirrored(self) -> tuple[object, ...] | None:
        return await self._row(self.user_id, "likes_given")

    async def _row(self, where: int, table: str) -> tuple[object, ...] | None:
        sql = f"SELECT state, version, since FROM {table} WHERE subject_id = $1 AND user_id = $2"
        rows = await self.backend.reader().on_shard_of(where, sql, self.post_id, self.user_id)
        return tuple(rows[0]) if rows else None


async def a_pair(backend: Backend) -> Pair:
    async with backend.transaction(POST_SHARD) as transaction:
        post_id = await transaction.mint_id()
    async with backend.transaction(LIKER_SHARD) as transaction:
        return Pair(backend, post_id, await transaction.mint_id())


async def test_a_transition_makes_the_row_and_then_moves_it(backend: Backend) -> None:
    pair = await a_pair(backend)
    first = await pair.like()
    assert first is not None
    assert (first.before, first.after, first.version) == (None, LIKED, 1)
    second = await pair.unlike()
    assert second is not None
    assert (second.before, second.after, second.version) == (LIKED, GONE, 2)
    third = await pair.like()
    assert third is not None
    assert (third.before, third.after, third.version) == (GONE, LIKED, 3)
    assert third.since >= second.since >= first.since
    assert await pair.truth() == (LIKED, 3, third.since)


async def test_a_transition_from_another_state_changes_nothing(backend: Backend) -> None:
    pair = await a_pair(backend)
    assert await pair.unlike() is None
    assert await pair.truth() is None
    edge = await pair.like()
    assert edge is not None
    assert await pair.like() is None
    assert await pair.truth() == (LIKED, 1, edge.since)


async def test_of_transitions_that_race_one_moves(backend: Backend) -> None:
    pair = await a_pair(backend)
    for act, version in ((pair.like, 1), (pair.unlike, 2), (pair.like, 3)):
        moved = [edge for edge in await asyncio.gather(*(act() for _ in range(8))) if edge]
        assert [edge.version for edge in moved] == [version]


async def test_a_mirror_takes_over_what_is_newer(backend: Backend) -> None:
    pair, since = await a_pair(backend), now()
    assert await pair.mirror(1, LIKED, since) == Change(True, None, LIKED)
    assert await pair.mirror(3, GONE, since) == Change(True, LIKED, GONE)
    assert await pair.mirror(2, LIKED, since) == Change(False, LIKED, LIKED)
    assert await pair.mirror(3, GONE, since) == Change(False, GONE, GONE)
    assert await pair.mirrored() == (GONE, 3, since)


async def test_an_end_is_kept_where_nothing_was_begun(backend: Backend) -> None:
    pair, since = await a_pair(backend), now()
    assert await pair.mirror(2, GONE, since) == Change(True, None, GONE)
    assert await pair.mirror(1, LIKED, since) == Change(False, LIKED, LIKED)
    assert await pair.mirrored() == (GONE, 2, since)


async def test_of_mirrorings_that_race_the_newest_stays(backend: Backend) -> None:
    pair, since = await a_pair(backend), now()
    versions = [(version, LIKED if version % 2 else GONE) for version in range(1, 10)]
    changes = await asyncio.gather(*(pair.mirror(version, state, since) for version, state in versions * 2))
    assert await pair.mirrored() == (LIKED, 9, since)
    # Each change says truly what it changed: their sum is what a count beside the mirror would say.
    assert sum(entered(LIKED, change.before, change.after) for change in changes) == 1


@pytest.mark.parametrize(
    ("before", "after", "moved"),
    [(None, LIKED, 1), (GONE, LIKED, 1), (LIKED, GONE, -1), (LIKED, LIKED, 0), (GONE, GONE, 0), (None, GONE, 0)],
)
def test_by_how_much_a_count_moves(before: str | None, after: str, moved: int) -> None:
    assert entered(LIKED, before, after) == moved


@st.composite
def interleavings(draw: st.DrawFn) -> list[int]:
    """Two jobs, an older and a newer one, each done at least once, in any order."""
    jobs = draw(st.lists(st.integers(0, 1), min_size=0, max_size=4))
    return draw(st.permutations([0, 1, *jobs]))


async def test_truth_and_mirror_agree_after_any_interleaving(backend: Backend) -> None:
    loop = asyncio.get_running_loop()
    seen = 0

    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None)
    @given(steps=st.integers(2, 5), order=interleavings())
    def agree(steps: int, order: list[int]) -> None:
        nonlocal seen
        asyncio.run_coroutine_threadsafe(_agree(backend, steps, order), loop).result(30)
        seen += 1

    await asyncio.to_thread(agree)
    assert seen >= 100


async def _agree(backend: Backend, steps: int, order: list[int]) -> None:
    pair = await a_pair(backend)
    edges = [await (pair.unlike() if step % 2 else pair.like()) for step in range(steps)]
    jobs = [edge for edge in edges[-2:] if edge]
    moved = 0
    for job in order:
        edge = jobs[job]
        change = await pair.mirror(edge.version, edge.after, edge.since)
        moved += entered(LIKED, change.before, change.after)
    assert await pair.mirrored() == await pair.truth()
    assert moved == (edges[-1] is not None and edges[-1].after == LIKED)
