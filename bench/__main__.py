"""`make bench`: the home feed beside its hand-written twin, in one run, as ratios.

Writes `bench/results.json`. `--profile` tells where the API's time goes.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import asyncpg
import orjson
import psutil
from rich.console import Console
from rich.progress import track
from rich.table import Table

from bench.crowd import Crowd, make_crowd, write_crowd
from bench.load import Connection, Target, cpu_seconds, send_all
from bench.operation import HOME_FEED_BODY, NOTHING_BODY, count_fields
from bench.profile import by_room
from bench.servers import Running, program
from core.embedded.stack import embedded_stack
from core.settings import Settings
from models.ids import shard_of
from models.migrate import migrate_all
from services.accounts.sessions import Origin, add_session
from services.accounts.tokens import make_access_token
from services.backend import Backend
from tests.statements import counted

RESULTS = Path(__file__).parent / "results.json"
ROUNDS, REQUESTS, NOTHINGS, CONCURRENCY = 5, 200, 2000, 4
console = Console()


async def prepare(settings: Settings) -> tuple[Crowd, list[str]]:
    """People, posts, and an access token for each viewer."""
    await migrate_all(settings)
    backend = await Backend.open(settings)
    try:
        crowd = make_crowd(backend.shards.logical_shards, people=2000, posts=20_000, follows=100)
        await write_crowd(settings, backend.shards, crowd)
        tokens = []
        for viewer in crowd.viewers:
            async with backend.transaction(shard_of(viewer)) as transaction:
                session = await add_session(transaction, backend, viewer, Origin(None, None))
            tokens.append(make_access_token(settings, viewer, session.id)[0])
        return crowd, tokens
    finally:
        await backend.close()


async def assert_same(ours: Target, twin: Target) -> int:
    """Every viewer's answer is the same, byte for byte. Returns its number of fields."""
    first, second = await Connection.open(ours.port), await Connection.open(twin.port)
    fields = 0
    for mine in ours.requests():
        await first.send(mine)  # builds the timeline behind it
    await asyncio.sleep(2)
    for mine, hand_written in zip(ours.requests(), twin.requests(), strict=True):
        answer = await first.send(mine)
        assert answer == await second.send(hand_written), "the twin answers otherwise"
        fields = max(fields, count_fields(orjson.loads(answer)))
    first.close()
    second.close()
    return fields


async def postmasters(settings: Settings) -> list[int]:
    """The processes of the PostgreSQL nodes: the parents of whatever serves us."""
    found = []
    for url in settings.database_urls:
        connection = await asyncpg.connect(url)
        found.append(psutil.Process(await connection.fetchval("SELECT pg_backend_pid()")).ppid())
        await connection.close()
    return found


async def measure(target: Target, running: Running, stores: list[int], count: int) -> dict[str, float]:
    api, store = cpu_seconds(running.pid), cpu_seconds(*stores)
    rate = await send_all(target, count, CONCURRENCY)
    return {
        "api_ms": (cpu_seconds(running.pid) - api) * 1000 / count,
        "postgresql_ms": (cpu_seconds(*stores) - store) * 1000 / count,
        "rate": rate,
    }


def median(rounds: list[dict[str, float]], name: str) -> float:
    return statistics.median(one[name] for one in rounds)


def spread(ours: list[dict[str, float]], twin: list[dict[str, float]], name: str) -> tuple[float, float, float]:
    """The median ratio of the rounds, and the smallest and largest."""
    ratios = [one[name] / other[name] for one, other in zip(ours, twin, strict=True)]
    return statistics.median(ratios), min(ratios), max(ratios)


async def run(data: Path, *, profile: bool) -> None:
    async with embedded_stack(data, Settings(data=data)) as stack:
        settings = stack.settings
        console.print("writing 2,000 people and 20,000 posts")
        _, tokens = await prepare(settings)
        async with program(settings, "app.py") as api, program(settings, "-m", "bench.twins.home_feed") as twin:
            await compare(settings, api, twin, tokens, profile=profile)


async def compare(settings: Settings, api: Running, twin: Running, tokens: list[str], *, profile: bool) -> None:
    stores = await postmasters(settings)
    ours_feed = Target(api.port, "/graphql", HOME_FEED_BODY, tokens)
    twin_feed = Target(twin.port, "/graphql", HOME_FEED_BODY, tokens)
    fields = await assert_same(ours_feed, twin_feed)
    costs: dict[str, list[dict[str, float]]] = {"ours": [], "twin": [], "nothing": [], "bare": []}
    for _ in track(range(ROUNDS), description="rounds", console=console):
        costs["ours"].append(await measure(ours_feed, api, stores, REQUESTS))
        costs["twin"].append(await measure(twin_feed, twin, stores, REQUESTS))
        costs["nothing"].append(await measure(Target(api.port, "/graphql", NOTHING_BODY), api, stores, NOTHINGS))
        costs["bare"].append(await measure(Target(twin.port, "/nothing", NOTHING_BODY), twin, stores, NOTHINGS))
    spent = {name: await cost_of_one(settings, target) for name, target in (("ours", ours_feed), ("twin", twin_feed))}
    report(costs, spent, fields)
    if profile:
        console.print(await by_room(api.pid, lambda: send_all(ours_feed, 4 * REQUESTS, CONCURRENCY)))


async def cost_of_one(settings: Settings, target: Target) -> dict[str, int]:
    """SQL statements and Redis round trips of one request, counted by the servers."""
    connection = await Connection.open(target.port)
    async with counted(settings) as spent:
        await connection.send(target.requests()[0])
    connection.close()
    return {"statements": sum(spent.per_node), "redis_trips": spent.redis_trips}


def report(costs: dict[str, list[dict[str, float]]], spent: dict[str, dict[str, int]], fields: int) -> None:
    api, low, high = spread(costs["ours"], costs["twin"], "api_ms")
    store = spread(costs["ours"], costs["twin"], "postgresql_ms")[0]
    nothing, nothing_low, nothing_high = spread(costs["nothing"], costs["bare"], "rate")
    table = Table(title=f"home feed, 20 posts, {fields} fields: median of {ROUNDS} rounds, interleaved")
    for column in ("", "heliograph", "twin", "ratio"):
        table.add_column(column, justify="right")
    for label, name in (("API CPU ms", "api_ms"), ("PostgreSQL CPU ms", "postgresql_ms"), ("requests/s", "rate")):
        ours, twin = median(costs["ours"], name), median(costs["twin"], name)
        table.add_row(label, f"{ours:.2f}", f"{twin:.2f}", f"{spread(costs['ours'], costs['twin'], name)[0]:.2f}")
    for name in ("statements", "redis_trips"):
        table.add_row(name.replace("_", " "), str(spent["ours"][name]), str(spent["twin"][name]), "")
    console.print(table)
    console.print(f"API CPU ratio {api:.2f} ({low:.2f} to {high:.2f} over the rounds)")
    console.print(f"a trivial operation beside a bare route: {nothing:.2f} of its throughput")
    results: dict[str, Any] = {
        "home_feed": {
            "cpu_ratio": round(api, 2),
            "cpu_ratio_range": [round(low, 2), round(high, 2)],
            "postgresql_cpu_ratio": round(store, 2),
            "throughput_ratio": round(spread(costs["ours"], costs["twin"], "rate")[0], 2),
            "twin_api_cpu_ms": round(median(costs["twin"], "api_ms"), 2),
            "fields": fields,
            **spent["ours"],
            "twin_statements": spent["twin"]["statements"],
        },
        "nothing": {
            "throughput_ratio": round(nothing, 2),
            "throughput_ratio_range": [round(nothing_low, 2), round(nothing_high, 2)],
        },
    }
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="Tell where the API's time goes.")
    arguments = parser.parse_args()
    # A folder of its own each time: what is measured is the same from the first request on.
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
        asyncio.run(run(Path(folder), profile=arguments.profile))


if __name__ == "__main__":
    main()
