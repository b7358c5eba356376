"""`make bench`: pages and changes beside their hand-written twins, in one run, as ratios.

Films are measured beside the bare ffmpeg command (`--only films`), photographs beside Pillow (`--only photographs`).
Writes `bench/results.json`.
`--only NAME` measures one; `--profile` tells where the API's time goes.
"""

import argparse
import asyncio
import sys
import tempfile
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from bench import films, photographs
from bench.comparing import assert_same
from bench.crowd.posts import make_crowd
from bench.crowd.rows import Crowd, write_crowd
from bench.load import Target, send_all
from bench.measuring import CONCURRENCY, ROUNDS, Pair, Party, postmasters
from bench.operations import OPERATIONS
from bench.operations.operation import Call, Operation, body_of
from bench.profile import by_room
from bench.report import keep, result_of, table_of
from bench.servers import Running, program
from core.embedded.stack import embedded_stack
from core.settings import Settings
from models.ids import shard_of
from models.migrate import migrate_all
from services.accounts.sessions import Origin, add_session
from services.accounts.tokens import make_access_token
from services.backend import Backend

NOTHING, FILMS, PHOTOGRAPHS = "nothing", "films", "photographs"
NOTHINGS = 2000
console = Console(width=None if sys.stdout.isatty() else 140)


async def prepare(settings: Settings) -> tuple[Crowd, dict[int, str]]:
    """People, posts, and an access token for each viewer."""
    await migrate_all(settings)
    backend = await Backend.open(settings)
    try:
        crowd = make_crowd(backend.shards.logical_shards, people=2000, posts=20_000, follows=100)
        await write_crowd(settings, backend.shards, crowd)
        tokens = {}
        for viewer in crowd.viewers:
            async with backend.transaction(shard_of(viewer)) as transaction:
                session = await add_session(transaction, backend, viewer, Origin(None, None))
            tokens[viewer] = make_access_token(settings, viewer, session.id)[0]
        return crowd, tokens
    finally:
        await backend.close()


async def run(data: Path, names: list[str], *, profile: bool) -> None:
    async with embedded_stack(data, Settings(data=data)) as stack:
        console.print("writing 2,000 people and 20,000 posts")
        crowd, tokens = await prepare(stack.settings)
        async with (
            program(stack.settings, "app.py") as api,
            program(stack.settings, "-m", "bench.twins.serving") as twin,
        ):
            bench = Bench(stack.settings, crowd, tokens, (api, twin))
            await bench.run([OPERATIONS[name] for name in names if name != NOTHING])
            if NOTHING in names:
                await bench.run_nothing()
            console.print(bench.table())
            keep(console, bench.results)
            for name in names if profile else ():
                console.print(await bench.profiled(name))


class Bench:
    def __init__(
        self, settings: Settings, crowd: Crowd, tokens: dict[int, str], running: tuple[Running, Running]
    ) -> None:
        self._settings = settings
        self._crowd = crowd
        self._tokens = tokens
        self._running = running
        self._pairs: dict[str, Pair] = {}
        self.results: dict[str, Any] = {}

    async def run(self, operations: list[Operation]) -> None:
        stores = await postmasters(self._settings)
        with Progress(console=console) as progress:
            for operation in operations:
                task = progress.add_task(operation.title, total=ROUNDS + 1)
                ours = Target(self._running[0].port, "/graphql", self._tokens)
                twin = Target(self._running[1].port, f"/{operation.name}", self._tokens)
                fields = await assert_same(operation, ours, twin, self._crowd, self._settings)
                progress.advance(task)
                pair = self._pairs[operation.name] = Pair.of(operation, self._crowd, ours, twin, self._running)
                for party in (pair.ours, pair.twin):
                    await party.count(self._settings)
                await pair.run(stores, partial(progress.advance, task))
                self.results[operation.name] = result_of(pair, fields)

    async def run_nothing(self) -> None:
        """A trivial operation beside a bare route."""
        calls = repeat((Call(0, body_of("{ __typename }")),))
        paths = ("/graphql", "/nothing")
        pair = Pair(
            *(
                Party(Target(running.port, path, {}), running, calls, NOTHINGS)
                for running, path in zip(self._running, paths, strict=True)
            )
        )
        await pair.run(await postmasters(self._settings), lambda: None)
        rate, low, high = pair.ratio("rate")
        console.print(f"a trivial operation beside a bare route: {rate:.2f} of its throughput")
        self.results[NOTHING] = {
            "throughput_ratio": round(rate, 2),
            "throughput_ratio_range": [round(low, 2), round(high, 2)],
        }

    def table(self) -> Any:
        return table_of({name: one.title for name, one in OPERATIONS.items()}, self._pairs)

    async def profiled(self, name: str) -> Any:
        ours = self._pairs[name].ours
        return await by_room(
            self._running[0].pid, lambda: send_all(ours.target, ours.groups, 4 * ours.requests, CONCURRENCY)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*OPERATIONS, NOTHING, FILMS, PHOTOGRAPHS]
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="Measure these alone.")
    parser.add_argument("--profile", action="store_true", help="Tell where the API's time goes.")
    arguments = parser.parse_args()
    # A folder of its own each time: what is measured is the same from the first request on.
    asked = [name for name in arguments.only if name not in {FILMS, PHOTOGRAPHS}]
    with tempfile.TemporaryDirectory(prefix="heliograph-bench-") as folder:
        if asked:
            asyncio.run(run(Path(folder), asked, profile=arguments.profile))
    if FILMS in arguments.only:
        keep(console, {FILMS: films.measure(console)})
    if PHOTOGRAPHS in arguments.only:
        keep(console, {PHOTOGRAPHS: photographs.measure(console)})


if __name__ == "__main__":
    main()
