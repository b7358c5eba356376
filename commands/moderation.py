"""`cli.py moderation`: what those who run the house decide about pictures and films."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.errors import RequestFault, ShardUnavailable
from core.settings import Settings
from models.global_ids import NodeKind, decode, encode
from services.backend import Backend
from services.moderation.deciding import NotToBeDecided, approve, reject, remove, remove_post
from services.moderation.held import Held, held_uploads
from services.visible import MediaLinks

app = typer.Typer(help="Pictures and films that wait for a moderator, or are to be taken away.", no_args_is_help=True)

Ids = Annotated[list[str], typer.Argument(metavar="ID…", help="As `moderation list` shows them.")]
AnyIds = Annotated[list[str], typer.Argument(metavar="UPLOAD|POST…", help="Ids as clients know them.")]
Reason = Annotated[str, typer.Option("--reason", metavar="TEXT", help="What the owner is told.")]
Decision = Callable[[Backend, NodeKind, int], Awaitable[bool]]
"""What is done to an upload or a post; whether that changed anything."""

BREAKS_THE_RULES = "It breaks the rules of this place."
LONGEST_REASON = 500
_UPLOADS = (NodeKind.UPLOAD,)


@app.command("list")
def list_held(
    *,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many at most, oldest first.")] = 50,
    base: Annotated[str, typer.Option("--at", metavar="URL", help="Where this server is, if no setting says it.")] = "",
) -> None:
    """Show what is held, with an address at which each can be looked at."""
    asyncio.run(_list(attached(Settings()), limit, base))


@app.command("approve")
def approve_uploads(ids: Ids) -> None:
    """Let what is held be used; its owner is told."""
    _run(ids, _UPLOADS, lambda backend, _, number: approve(backend, number), "READY")


@app.command("reject")
def reject_uploads(ids: Ids, *, reason: Reason = BREAKS_THE_RULES) -> None:
    """Refuse what is held; its owner is told the reason, and it is known when it comes back."""
    said = checked_reason(reason)
    _run(ids, _UPLOADS, lambda backend, _, number: reject(backend, number, said), "REJECTED")


@app.command("remove")
def remove_shown(ids: AnyIds, *, reason: Reason = BREAKS_THE_RULES) -> None:
    """Take away what is shown: a post is deleted, a profile loses its picture. It is known when it comes back."""
    said = checked_reason(reason)

    async def taken(backend: Backend, kind: NodeKind, number: int) -> bool:
        return await (remove_post if kind is NodeKind.POST else remove)(backend, number, said)

    _run(ids, (NodeKind.UPLOAD, NodeKind.POST), taken, "removed")


def checked_reason(reason: str) -> str:
    """Raises typer.BadParameter."""
    said = reason.strip()
    if not 0 < len(said) <= LONGEST_REASON:
        raise typer.BadParameter(f"The reason takes 1 to {LONGEST_REASON} characters.")
    return said


def _run(ids: list[str], kinds: tuple[NodeKind, ...], decision: Decision, becomes: str) -> None:
    lines, is_done = asyncio.run(decide(attached(Settings()), ids, kinds, decision, becomes))
    for line in lines:
        typer.echo(line)
    if not is_done:
        raise typer.Exit(1)


async def decide(
    settings: Settings, ids: list[str], kinds: tuple[NodeKind, ...], decision: Decision, becomes: str
) -> tuple[list[str], bool]:
    """What has become of each, in a line, and whether all was decided. One that cannot be leaves the others alone.

    Raises StartupError where no node answers.
    """
    backend = await _opened(settings)
    lines, is_done = [], True
    try:
        for name in ids:
            try:
                changed = await _decide(backend, name, kinds, decision)
            except (NotToBeDecided, ShardUnavailable) as fault:
                said = f"Node {fault.node} does not answer." if isinstance(fault, ShardUnavailable) else str(fault)
                lines.append(f"{name}: {said}")
                is_done = False
            else:
                lines.append(f"{name} is {becomes}{'' if changed else ' already'}.")
    finally:
        await backend.close()
    return lines, is_done


async def _decide(backend: Backend, name: str, kinds: tuple[NodeKind, ...], decision: Decision) -> bool:
    try:
        kind, number = decode(name)
    except RequestFault:
        raise NotToBeDecided("This is no id.") from None
    if kind not in kinds:
        raise NotToBeDecided(f"This is the id of a {kind.name.lower()}.")
    return await decision(backend, kind, number)


async def _list(settings: Settings, limit: int, base: str) -> None:
    backend = await _opened(settings)
    try:
        found, unavailable = await held_uploads(backend, MediaLinks(backend.signer, base or settings.public_url), limit)
    finally:
        await backend.close()
    console = Console()
    console.print(_table(found))
    for one in found:
        console.print(f"{encode(NodeKind.UPLOAD, one.upload_id)}  {one.url}", soft_wrap=True, highlight=False)
    for node in sorted(unavailable):
        console.print(f"Node {node} does not answer: what it holds is missing above.", style="red")


def _table(found: list[Held]) -> Table:
    table = Table("Id", "Owner", "Kind", "Score", "Waits", title=f"{len(found)} wait for a moderator")
    for one in found:
        score = "–" if one.nudity is None else f"{one.nudity:.3f}"
        table.add_row(encode(NodeKind.UPLOAD, one.upload_id), one.username, one.kind.lower(), score, waits(one.seconds))
    return table


def waits(seconds: float) -> str:
    """`5 min`, `3 h`, `2 d`."""
    for size, unit in ((86400, "d"), (3600, "h")):
        if seconds >= 2 * size:
            return f"{seconds // size:.0f} {unit}"
    return f"{seconds // 60:.0f} min"


async def _opened(settings: Settings) -> Backend:
    try:
        return await Backend.open(settings)
    except ShardUnavailable as fault:
        raise StartupError("No database node answers.") from fault
