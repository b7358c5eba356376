"""`cli.py jobs`: what the outbox and the queue hold, and a second life for the dead."""

import asyncio
from typing import Annotated

import typer
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.errors import ShardUnavailable
from core.redis import redis_pool
from core.settings import Settings
from services.backend import Backend
from services.consequences import Family, families
from services.dead_letters import Standing, revive, standings
from services.queues import queue_depths, queue_name

app = typer.Typer(help="Deliveries of events to their handlers: waiting, running, failed, dead.")


@app.callback(invoke_without_command=True)
def jobs(context: typer.Context) -> None:
    """Show what is unfinished, by node and handler, and how deep the queues are."""
    if context.invoked_subcommand is None:
        asyncio.run(_show(attached(Settings())))


@app.command("retry-dead")
def retry_dead(
    *, handler: Annotated[str | None, typer.Option(help="Only deliveries to this handler; all if not given.")] = None
) -> None:
    """Give the dead all their tries anew."""
    if handler is not None and handler not in families():
        raise typer.BadParameter(f"There is no handler {handler}; there are {', '.join(sorted(families()))}.")
    typer.echo(f"{asyncio.run(_revive(attached(Settings()), handler))} to be tried again")


async def _opened(settings: Settings) -> Backend:
    try:
        return await Backend.open(settings)
    except ShardUnavailable as fault:
        raise StartupError("No database node answers.") from fault


async def _revive(settings: Settings, handler: str | None) -> int:
    backend = await _opened(settings)
    try:
        return await revive(backend, handler)
    except ShardUnavailable as fault:
        raise StartupError(f"Node {fault.node} does not answer; run it again when it does.") from fault
    finally:
        await backend.close()


async def _show(settings: Settings) -> None:
    backend = await _opened(settings)
    try:
        found, unavailable = await standings(backend)
    finally:
        await backend.close()
    queued = await _depths(settings)
    console = Console()
    console.print(_deliveries_table(found))
    console.print(_queues_table(queued))
    for node in sorted(unavailable):
        console.print(f"Node {node} does not answer: what it holds is missing above.", style="red")


async def _depths(settings: Settings) -> dict[Family, int] | None:
    """None where the queue does not answer."""
    queue = Redis.from_pool(redis_pool(ConnectionPool, settings.queue_url, retry=Retry(NoBackoff(), 0)))
    try:
        return await queue_depths(queue)
    except (RedisError, OSError):
        return None
    finally:
        await queue.aclose()


def _deliveries_table(found: list[Standing]) -> Table:
    table = Table(title="Unfinished deliveries")
    family_of = families()
    for heading in ("Node", "Family", "Handler"):
        table.add_column(heading)
    for heading in ("Pending", "Enqueued", "Running", "Failed", "Dead", "Oldest"):
        table.add_column(heading, justify="right")
    table.add_column("Last error", overflow="fold")
    for row in sorted(found, key=lambda row: (row.node, family_of.get(row.handler, ""), row.handler)):
        counts = (row.pending, row.enqueued, row.running, row.failed, row.dead)
        table.add_row(
            str(row.node),
            family_of.get(row.handler, "?"),
            row.handler,
            *(str(count) for count in counts),
            f"{row.oldest_seconds:.0f} s",
            row.last_error or "",
            style="red" if row.dead else "yellow" if row.failed else None,
        )
    return table


def _queues_table(queued: dict[Family, int] | None) -> Table:
    table = Table(title="Queues")
    table.add_column("Queue")
    table.add_column("Jobs", justify="right")
    for family in Family:
        table.add_row(queue_name(family), "no answer" if queued is None else str(queued[family]))
    return table
