"""`cli.py shards`: where the logical shards are."""

import asyncio
from itertools import groupby
from typing import Annotated
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.table import Table

from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.errors import ShardUnavailable
from core.settings import Settings
from models.reads.reader import Reader
from models.shards import Shards

app = typer.Typer(help="Logical shards and the nodes that hold them.", no_args_is_help=True)

_HELD = """
    SELECT (SELECT max(version) FROM shard_map)::bigint AS version,
           pg_size_pretty(pg_database_size(current_database())) AS size,
           (SELECT count(*) FROM users) AS users, (SELECT count(*) FROM posts) AS posts
"""


@app.command("list")
def list_shards(
    *, each: Annotated[bool, typer.Option("--each", help="A line for each shard instead of each node.")] = False
) -> None:
    """Show which node holds which shards, and how much a node holds."""
    asyncio.run(_list(attached(Settings()), each=each))


async def _list(settings: Settings, *, each: bool) -> None:
    try:
        shards = await Shards.open(settings)
    except ShardUnavailable as fault:
        raise StartupError("No database node answers.") from fault
    try:
        table = _table_of_shards(shards) if each else await _table_of_nodes(shards, settings)
    finally:
        await shards.close()
    Console().print(table)


def _table_of_shards(shards: Shards) -> Table:
    table = Table("Shard", "Node", title=f"{shards.logical_shards} logical shards, map version {shards.map_version}")
    for shard in range(shards.logical_shards):
        table.add_row(str(shard), str(shards.node_of(shard)))
    return table


async def _table_of_nodes(shards: Shards, settings: Settings) -> Table:
    title = f"{shards.logical_shards} logical shards on {shards.node_count} nodes, map version {shards.map_version}"
    table = Table("Node", "Address", "Map", "Size", "People", "Posts", "Shards", title=title)
    for node, url in enumerate(settings.database_urls):
        rows = await Reader(shards).on_node(node, _HELD)
        parts = urlsplit(url)
        address = f"{parts.hostname}:{parts.port or 5432}{parts.path}"
        held = (
            [str(rows[0][name]) for name in ("version", "size", "users", "posts")] if rows else ["no answer"] + [""] * 3
        )
        owned = shards.shards_on(node)
        table.add_row(str(node), address, *held, f"{len(owned)}: {ranges(owned)}", style=None if rows else "red")
    return table


def ranges(numbers: list[int]) -> str:
    """`0-3, 7` for [0, 1, 2, 3, 7]; a row of every second one as `0, 2 … 62`."""
    if len(numbers) > 2:
        step = numbers[1] - numbers[0]
        if step > 1 and numbers == list(range(numbers[0], numbers[-1] + 1, step)):
            return f"{numbers[0]}, {numbers[1]} … {numbers[-1]}"
    runs = [[number for _, number in run] for _, run in groupby(enumerate(numbers), key=lambda pair: pair[1] - pair[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
