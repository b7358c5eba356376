"""A fan-out whose worker is killed again and again: every follower's timeline has the post, once."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from core import clock
from core.embedded.stack import Stack, environment
from core.settings import ROOT
from models.ids import MAX_ID, shard_of
from models.tables import Post
from services.backend import Backend
from services.consequences import EventKind
from services.feeds import timeline
from services.feeds.timeline import Stretch, Unbuilt
from services.outbox import emit
from tests.services.feeds.town import Town
from tests.workers.town import fleet_of, tell

FEW = ["fanout.after_chunk:2", "fanout.before_progress:3", "fanout.after_chunk:4"]
AT_THE_ENDS = ["fanout.after_review", "fanout.before_done"]
TEN = [
    "fanout.after_chunk:2", "fanout.before_progress:3", "fanout.after_chunk:4", "fanout.before_progress:2",
    "fanout.after_chunk:1", "fanout.before_progress:4", "fanout.after_chunk:3", "fanout.before_progress:5",
    "fanout.after_chunk:5", "fanout.before_progress:6",
]  # fmt: skip
CHUNKS = 50
_PROGRESS = "SELECT state, progress FROM deliveries WHERE event_id = $1 AND handler = 'fan_out_post'"


@dataclass
class FanOut:
    backend: Backend
    author: int
    post_id: int
    event_id: int
    followers: list[int]

    async def state(self) -> tuple[str, int]:
        """The delivery's state, and how many followers its saved progress counts."""
        [row] = await self.backend.reader().on_shard_of(self.event_id, _PROGRESS, self.event_id)
        return row["state"], (row["progress"] or {"served": 0})["served"]

    async def holders(self) -> int:
        """How many timelines have the post. Fails if one has it twice."""
        pieces = await _each(self.followers, lambda one: timeline.read(self.backend, one, MAX_ID, 100))
        held = [piece.ids.count(self.post_id) for piece in pieces if isinstance(piece, Stretch)]
        assert len(held) == len(self.followers)
        assert set(held) <= {0, 1}
        return sum(held)


async def _each(people: list[int], work: Callable[[int], Awaitable[Any]]) -> list[Any]:
    done: list[Any] = []
    for start in range(0, len(people), 100):
        done += await asyncio.gather(*map(work, people[start : start + 100]))
    return done


async def _make_active(backend: Backend, viewer: int) -> None:
    begun = await timeline.read(backend, viewer, MAX_ID, 1)
    assert isinstance(begun, Unbuilt)
    assert await timeline.finish(backend, viewer, begun.token, 0, [])


async def begin(backend: Backend, count: int) -> FanOut:
    """A post, with its event, of someone with so many followers, all of them active; no job has run yet."""
    town = Town(backend)
    author = await town.person()
    async with backend.transaction(0) as transaction:
        first = await transaction.mint_id()
    shards = len(backend.shards.shards_on(0)) + len(backend.shards.shards_on(1))
    followers = [first + (number << 23) + (number % shards << 10) for number in range(count)]
    await town.follow_by_many(followers, author)
    await _each(followers, lambda one: _make_active(backend, one))
    post_id, event_id = await post_of(backend, author)
    return FanOut(backend, author, post_id, event_id, followers)


async def post_of(backend: Backend, author: int) -> tuple[int, int]:
    """A post and its event."""
    async with backend.transaction(shard_of(author)) as transaction:
        post_id = await transaction.mint_id()
        await transaction.session.execute(insert(Post).values(id=post_id, author_id=author, kind="PHOTO", media=[]))
        event_id = await emit(transaction, EventKind.POST_CREATED, {"post_id": post_id, "author_id": author})
    return post_id, event_id


async def start_worker(stack: Stack, folder: Path, followers: int, crash_at: str = "") -> asyncio.subprocess.Process:
    """One that serves so many followers in `CHUNKS` steps. `folder` remembers the crashes."""
    variables = {
        "CRASH_AT": crash_at,
        "HELIOGRAPH_DATA": str(folder),
        "HELIOGRAPH_FANOUT_CHUNK": str(followers // CHUNKS),
    }
    with (folder / "worker.log").open("ab") as log:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "workers.run", "fanout",
            env={**os.environ, **environment(stack.settings), **variables}, cwd=ROOT, stdout=log, stderr=log,
        )  # fmt: skip


async def kill_through(stack: Stack, fan_out: FanOut, folder: Path, points: Sequence[str]) -> None:
    """Runs a worker to each of the points, at which it dies, then one to the end."""
    whole, before = len(fan_out.followers), 0
    for point in points:
        worker = await start_worker(stack, folder, whole, point)
        assert await asyncio.wait_for(worker.wait(), 60) == -9
        state, served = await fan_out.state()
        holders = await fan_out.holders()
        tell(f"kill -9 at {point}: {served} of {whole} followers saved as served, {holders} have the post")
        assert state == "ENQUEUED"
        assert before <= served <= holders < whole
        assert 0 < served < whole
        before = served
    worker = await start_worker(stack, folder, whole)
    began = clock.monotonic()
    try:
        while (await fan_out.state())[0] != "DONE":
            assert clock.monotonic() - began < 60
            await asyncio.sleep(0.05)
    finally:
        worker.terminate()
        await asyncio.wait_for(worker.wait(), 15)
    assert await fan_out.holders() == whole


async def test_one_killed_before_the_push_or_before_it_is_done_does_all_posts_again(
    own_stack: Stack, own_backend: Backend, tmp_path: Path
) -> None:
    """A burst: whichever job leads, the sweeper finds what it had taken along."""
    fan_out = await begin(own_backend, 100)
    author, burst = fan_out.author, [fan_out]
    for _ in range(9):
        post_id, event_id = await post_of(own_backend, author)
        burst.append(replace(fan_out, post_id=post_id, event_id=event_id))
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        for point in AT_THE_ENDS:
            worker = await start_worker(own_stack, tmp_path, 100, point)
            assert await asyncio.wait_for(worker.wait(), 60) == -9
            assert {(await one.state())[0] for one in burst} <= {"PENDING", "ENQUEUED"}
            held = [await one.holders() for one in burst]
            assert sum(held) == 0 if point == "fanout.after_review" else max(held) == 100
        worker = await start_worker(own_stack, tmp_path, 100)
        began = clock.monotonic()
        try:
            while {(await one.state())[0] for one in burst} != {"DONE"}:
                assert clock.monotonic() - began < 60
                await asyncio.sleep(0.05)
        finally:
            worker.terminate()
            await asyncio.wait_for(worker.wait(), 15)
    assert [await one.holders() for one in burst] == [100] * 10


@pytest.mark.parametrize(
    ("count", "points"),
    [
        pytest.param(300, FEW, id="300 followers, 3 kills"),
        pytest.param(5000, TEN, id="5000 followers, 10 kills", marks=[pytest.mark.drill, pytest.mark.timeout(600)]),
    ],
)
async def test_every_follower_has_the_post_once(
    own_stack: Stack, own_backend: Backend, tmp_path: Path, count: int, points: list[str]
) -> None:
    fan_out = await begin(own_backend, count)
    async with fleet_of(own_stack) as fleet:
        await fleet.start_relay()
        await kill_through(own_stack, fan_out, tmp_path, points)
    tell(f"all {count} followers have the post once; dead letters: none")
    assert await own_backend.reader().on_every_node("SELECT event_id FROM deliveries WHERE state = 'DEAD'") == []
