"""How fast posts come to their followers, and that they come to all of them: the follow graph of the bench, a store of
its own, real relay and worker processes. Debian's redis-tools, where they are installed, say what Redis could do."""

import asyncio
import contextlib
import os
import random
import secrets
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from rich.console import Console
from rich.table import Table

from bench.crowd.graph import Graph, make_graph
from bench.crowd.rows import write_crowd
from core import clock
from core.embedded.stack import environment
from core.settings import ROOT, Settings
from models.ids import MAX_ID, TIME_SHIFT, created_at, floor_of
from services.backend import Backend
from services.feeds import timeline
from services.feeds.checking import check
from services.feeds.timeline import Stretch
from tests.empty_store import empty_store
from tests.workers.test_fanout_kills import post_of

pytestmark = [pytest.mark.drill, pytest.mark.timeout(1800)]

POSTS = 2_000
FILLED = 900
"""Ids in each timeline before: those of active viewers are nearly full."""
LAGS = 60
"""Posts of each author whose lag is measured."""
SET_AT_ONCE = 1_000
_LAGS = """
    SELECT e.id, (e.payload ->> 'post_id')::bigint AS post_id, d.state, d.done_at
    FROM events e JOIN deliveries d ON d.event_id = e.id AND d.handler = 'fan_out_post' WHERE e.id = ANY($1)
"""


@dataclass
class Town:
    backend: Backend
    graph: Graph
    began: int

    async def post(self, author: int) -> int:
        """The id of its event."""
        return (await post_of(self.backend, author))[1]

    async def posts(self, authors: Sequence[int], at_once: int = 8) -> list[int]:
        turns = asyncio.Semaphore(at_once)

        async def write(author: int) -> int:
            async with turns:
                return await self.post(author)

        return list(await asyncio.gather(*map(write, authors)))

    async def lags(self, events: Sequence[int], seconds: float = 600) -> list[float]:
        """Waits until they are fanned out. Of each post the milliseconds from the id that its transaction minted to the
        moment that says that all are served, both by the store's clock."""
        ends = clock.monotonic() + seconds
        while True:
            rows = await self.backend.reader().by_ids(_LAGS, events)
            if all(row["state"] == "DONE" for row in rows):
                return [(row["done_at"] - created_at(row["post_id"])).total_seconds() * 1000 for row in rows]
            assert clock.monotonic() < ends
            await asyncio.sleep(0.2)

    async def lag_of(self, author: int, posts: int) -> list[float]:
        """One after the other, while it is quiet."""
        found = []
        for _ in range(posts):
            event = await self.post(author)
            await asyncio.sleep(0.02)
            found += await self.lags([event])
        return found


def timelines_of(people: Sequence[int], run: bytes, began: int, filled: int) -> dict[bytes, bytes]:
    """All warm, with ids of long ago, so that they are of the size that timelines have."""
    first = began - (filled + 1 << TIME_SHIFT + 10)
    old = b"".join((first + (number + 1 << TIME_SHIFT + 10)).to_bytes(8, "big") for number in range(filled))
    text = bytes(8) + run + first.to_bytes(8, "big") + old
    return {timeline.key_of(viewer): text for viewer in people}


@contextlib.asynccontextmanager
async def town_of(settings: Settings, name: str, filled: int = FILLED) -> AsyncIterator[Town]:
    raised = {"pull_from_followers": 30_000, "push_below_followers": 25_000}
    async with empty_store(settings.model_copy(update=raised), name, redis=12) as backend:
        await backend.redis.flushdb()
        graph = make_graph(backend.shards.logical_shards)
        await write_crowd(backend.settings, backend.shards, graph.crowd)
        began = floor_of(clock.now_ms())
        run = (await backend.redis.info("server"))["run_id"][:8].encode()
        people = graph.crowd.people
        for start in range(0, len(people), SET_AT_ONCE):
            await backend.redis.mset(timelines_of(people[start : start + SET_AT_ONCE], run, began, filled))
        await rest(backend)
        try:
            yield Town(backend, graph, began)
        finally:
            await backend.redis.flushdb()


async def rest(backend: Backend) -> None:
    """Until Redis has written its file anew, which so much that is new makes it do."""
    await asyncio.sleep(2)
    while True:
        state = await backend.redis.info("persistence")
        if not state["aof_rewrite_in_progress"] and not state["aof_rewrite_scheduled"]:
            return
        await asyncio.sleep(0.5)


@contextlib.asynccontextmanager
async def process(settings: Settings, log: Path, *module: str) -> AsyncIterator[psutil.Process]:
    variables = {
        **os.environ,
        **environment(settings),
        "HELIOGRAPH_PULL_FROM_FOLLOWERS": str(settings.pull_from_followers),
        "HELIOGRAPH_PUSH_BELOW_FOLLOWERS": str(settings.push_below_followers),
        "HELIOGRAPH_LOG_LEVEL": "WARNING",
    }
    with log.open("ab") as sink:
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-m", *module, env=variables, cwd=ROOT, stdout=sink, stderr=sink
        )
    try:
        yield psutil.Process(started.pid)
    finally:
        started.terminate()
        await started.wait()


def part(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def redis_benchmark(url: str) -> float | None:
    """Pipelined ZADDs of a new member of 8 bytes per second, on the same socket; None where the tool is not there."""
    tool = shutil.which("redis-benchmark")
    if tool is None:
        return None
    parts = urlsplit(url)
    place = ("-h", parts.hostname or "", "-p", str(parts.port), "-a", parts.password or "", "--dbnum", "14")
    what = ("-n", "400000", "-P", "100", "-c", "4", "-r", "1000000000", "--csv")
    out = subprocess.run(
        [tool, *place, *what, "ZADD", "drill:__rand_int__", "0", secrets.token_hex(4)],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    return float(out.strip().splitlines()[-1].split(",")[1].strip('"'))


async def differences(town: Town) -> int:
    """Entries since the drill began that a timeline lacks, or has too much, or twice, by plain SQL."""
    rows = await town.backend.reader().on_every_node("SELECT id, author_id FROM posts WHERE state = 'LIVE'")
    wanted: dict[int, list[int]] = {viewer: [] for viewer in town.graph.crowd.people}
    for row in rows:
        for viewer in (row["author_id"], *town.graph.followers[row["author_id"]]):
            wanted[viewer].append(row["id"])
    turns, wrong = asyncio.Semaphore(64), 0

    async def look(viewer: int) -> int:
        async with turns:
            piece = await timeline.read(town.backend, viewer, MAX_ID, 2_000)
        assert isinstance(piece, Stretch)
        since = max(town.began, (piece.floor or 0) + 1)
        found = [one for one in piece.ids if one >= since]
        right = {one for one in wanted[viewer] if one >= since}
        return len(right ^ {*found}) + len(found) - len({*found})

    for count in await asyncio.gather(*map(look, town.graph.crowd.people)):
        wrong += count
    return wrong


def table_of(title: str, lines: Sequence[tuple[str, str]]) -> None:
    table = Table("what", "figure", title=title)
    for line in lines:
        table.add_row(*line)
    Console(file=sys.stderr, width=120).print(table)


async def test_posts_come_to_all_followers_fast(settings: Settings, tmp_path: Path) -> None:
    dice = random.Random(11)
    async with town_of(settings, "fanout_drill") as town:
        graph, log = town.graph, tmp_path / "processes.log"
        lines = [("graph", graph.summary())]
        followed = [author for author, some in graph.followers.items() if some]
        weights = [len(graph.followers[author]) for author in followed]
        authors = dice.sample(followed, POSTS // 2) + dice.choices(followed, weights, k=POSTS - POSTS // 2)
        async with process(town.backend.settings, log, "workers.relay"):
            events = await town.posts(authors)
            await asyncio.sleep(3)
            before = (await town.backend.redis.info("cpu"))["used_cpu_user"]
            async with process(town.backend.settings, log, "workers.run", "fanout") as worker:
                while not await town.backend.reader().by_ids(f"{_LAGS} AND d.state = 'DONE' LIMIT 1", events):
                    await asyncio.sleep(0.01)
                began, used = clock.monotonic(), worker.cpu_times()
                await town.lags(events)
                seconds, after = clock.monotonic() - began, worker.cpu_times()
                work = after.user + after.system - used.user - used.system
                redis = (await town.backend.redis.info("cpu"))["used_cpu_user"] - before
                written = sum(len(graph.followers[author]) + 1 for author in authors)
                wrong = await differences(town)
                lines += [
                    ("posts, timelines written", f"{POSTS:,}, {written:,}"),
                    ("timelines per second, one worker process", f"{written / seconds:,.0f}"),
                    ("  per second of the worker's own CPU", f"{written / work:,.0f} ({work:.1f} of {seconds:.1f} s)"),
                    ("  CPU seconds of Redis", f"{redis:.1f}"),
                    ("differences between timelines and SQL", f"{wrong}"),
                ]
                passes = [author for author in followed if len(graph.followers[author]) >= 1_000]
                began = clock.monotonic()
                singles = await town.posts(passes)
                await town.lags(singles)
                alone = sum(len(graph.followers[author]) + 1 for author in passes) / (clock.monotonic() - began)
                lines.append((f"  one post of each of {len(passes)} big authors", f"{alone:,.0f}"))
                plain = await asyncio.to_thread(redis_benchmark, town.backend.settings.redis_url)
                if plain is None:
                    lines.append(("redis-benchmark", "skipped: apt-get install redis-tools"))
                else:
                    lines += [
                        ("redis-benchmark, ZADD of 8 bytes per second", f"{plain:,.0f}"),
                        ("ratio; of one post each", f"{written / seconds / plain:.2f}; {alone / plain:.2f}"),
                    ]
                for count in sorted(graph.exact):
                    lags = await town.lag_of(graph.exact[count], LAGS)
                    lines.append(
                        (
                            f"lag to the last of {count:,}",
                            f"p50 {part(lags, 0.5):.0f} ms, p99 {part(lags, 0.99):.0f} ms",
                        )
                    )
                wrong += await differences(town)
        reader_of_ten = graph.followers[graph.exact[10]][0]
        size = await town.backend.redis.memory_usage(timeline.key_of(reader_of_ten))
        piece = await timeline.read(town.backend, reader_of_ten, MAX_ID, 2_000)
        assert isinstance(piece, Stretch)
        assert size is not None
        lines.append(("bytes per timeline entry", f"{size / len(piece.ids):.1f} ({len(piece.ids)} ids)"))
        table_of("fan-out", lines)
        assert wrong == 0


async def test_feeds_check_finds_no_difference(settings: Settings, tmp_path: Path) -> None:
    """Timelines that hold nothing else, as `feeds check` looks at all that is in them."""
    dice = random.Random(13)
    async with town_of(settings, "check_drill", filled=0) as town:
        graph, log = town.graph, tmp_path / "processes.log"
        followed = [author for author, some in graph.followers.items() if some]
        weights = [len(graph.followers[author]) for author in followed]
        authors = dice.sample(followed, POSTS // 2) + dice.choices(followed, weights, k=POSTS - POSTS // 2)
        async with (
            process(town.backend.settings, log, "workers.relay"),
            process(town.backend.settings, log, "workers.run", "fanout"),
        ):
            await town.lags(await town.posts(authors))
        report = await check(town.backend)
        entries = sum(len(graph.followers[author]) + 1 for author in authors)
        lines = [("posts, timelines written", f"{POSTS:,}, {entries:,}"), ("timelines checked", f"{report.checked:,}")]
        table_of("feeds check", [*lines, ("differences", f"{len(report.differences)}")])
        assert (report.checked, report.unready) == (len(graph.crowd.people), 0)
        assert (report.differences, report.moving) == ([], [])


_BURST = """
import asyncio, sys
from core.settings import Settings
from services.backend import Backend
from tests.workers.test_fanout_kills import post_of

async def burst(author):
    backend = await Backend.open(Settings())
    for _, event in await asyncio.gather(*(post_of(backend, author) for _ in range(100))):
        print(event)
    await backend.close()

asyncio.run(burst(int(sys.argv[1])))
"""


async def burst_of(town: Town, author: int, log: Path) -> list[int]:
    """The ids of the events of 100 posts at once, by a process of its own: the others' posts do not wait for them where
    they are written."""
    variables = {**os.environ, **environment(town.backend.settings)}
    with log.open("ab") as sink:
        poster = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _BURST, str(author), env=variables, cwd=ROOT, stdout=subprocess.PIPE, stderr=sink
        )
    out, _ = await poster.communicate()
    events = [int(line) for line in out.split()]
    assert len(events) == 100
    return events


async def test_a_burst_of_one_author_does_not_hold_up_the_others(settings: Settings, tmp_path: Path) -> None:
    dice = random.Random(12)
    async with town_of(settings, "burst_drill") as town:
        graph, log = town.graph, tmp_path / "processes.log"
        ordinary = dice.sample([one for one, some in graph.followers.items() if 5 <= len(some) <= 50], 100)
        async with (
            process(town.backend.settings, log, "workers.relay"),
            process(town.backend.settings, log, "workers.run", "fanout"),
        ):
            await town.lags([await town.post(ordinary[0])])

            async def steadily(seconds: float) -> list[int]:
                ends, events = clock.monotonic() + seconds, []
                while clock.monotonic() < ends:
                    events.append(await town.post(dice.choice(ordinary)))
                    await asyncio.sleep(0.04)
                return events

            quiet = await town.lags(await steadily(8))
            steady = asyncio.create_task(steadily(8))
            bursts = [await town.lags(await burst_of(town, graph.exact[9_999], log)) for _ in range(3)]
            events = await steady
            during = await town.lags(events)
        wrong = await differences(town)
        table_of(
            "an author of 9,999 posts 100 times at once",
            [
                ("the burst is out after, each of three", ", ".join(f"{max(lags):.0f} ms" for lags in bursts)),
                ("others' lag while quiet", f"p50 {part(quiet, 0.5):.0f} ms, p95 {part(quiet, 0.95):.0f} ms"),
                ("others' lag during the bursts", f"p50 {part(during, 0.5):.0f} ms, p95 {part(during, 0.95):.0f} ms"),
                ("ratio of the p95", f"{part(during, 0.95) / part(quiet, 0.95):.2f}"),
                ("differences between timelines and SQL", f"{wrong}"),
            ],
        )
        assert wrong == 0
