"""`cli.py media`: what is missing of pictures and films, and having it made anew."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Annotated

import typer

from commands.running import Track, run_long
from core.errors import RequestFault
from models.global_ids import NodeKind, decode, encode
from services.backend import Backend
from services.uploads.asking import Asked, ask_rework, reworks
from services.uploads.missing import ORIGINAL, Lacking, missing, still_missing
from services.uploads.orphans import sweep_all

app = typer.Typer(help="Pictures and films of which something is missing, and what is left over.", no_args_is_help=True)

Ids = Annotated[list[str] | None, typer.Argument(metavar="[ID…]", help="Of uploads, images or videos.")]
Objects = Annotated[bool, typer.Option("--objects/--no-objects", help="Whether to look into the storage as well.")]
Limit = Annotated[int | None, typer.Option(min=1, help="How many at most; all if not given.", show_default=False)]
After = Annotated[
    str | None, typer.Option(metavar="ID", help="Begin behind this one, by age, oldest first.", show_default=False)
]

KINDS = (NodeKind.UPLOAD, NodeKind.IMAGE, NodeKind.VIDEO)
ASKED_AT_ONCE = 100
LOOK_SECONDS = 0.5


@dataclass(slots=True)
class Reached:
    """How far a command has come, for who interrupts it."""

    last: int = 0

    def said(self) -> str:
        return f"Interrupted: go on with --after {upload_name(self.last)}." if self.last else "Interrupted."


@dataclass(slots=True)
class Reworked:
    """What came of asking for uploads to be made anew."""

    upload_ids: set[int] = field(default_factory=set)
    event_ids: set[int] = field(default_factory=set)
    asked: int = 0
    hopeless: list[Lacking] = field(default_factory=list)
    """Their original is gone."""
    unknown: list[int] = field(default_factory=list)
    """Nothing is kept of them."""
    dead: int = 0
    still: list[Lacking] = field(default_factory=list)

    def add(self, asked: Asked) -> None:
        self.upload_ids |= asked.upload_ids
        self.event_ids |= asked.event_ids
        self.asked += asked.asked

    @property
    def is_good(self) -> bool:
        return not (self.hopeless or self.unknown or self.dead or self.still)


@app.command("missing")
def list_missing(*, objects: Objects = True, limit: Limit = None, after: After = None) -> None:
    """List what lacks a picture that each has by now, or an object in storage; exit with 1 where something does."""
    begin, reached = upload_number(after), Reached()

    async def looked(backend: Backend, track: Track) -> tuple[int, int]:
        return await listed(backend, track, reached, after=begin, with_objects=objects, limit=limit)

    lacking, all_of_them = run_long("looked at", looked, reached.said)
    typer.echo(f"Uploads looked at: {all_of_them}; of them lack something: {lacking}.")
    if lacking:
        raise typer.Exit(1)


@app.command("reprocess")
def reprocess(
    ids: Ids = None,
    *,
    everything: Annotated[bool, typer.Option("--missing", help="All that `media missing` lists.")] = False,
    objects: Objects = True,
    limit: Limit = None,
    after: After = None,
    anew: Annotated[bool, typer.Option("--anew", help="All of it, also what is there: its URLs change.")] = False,
    wait: Annotated[
        bool, typer.Option("--wait", help="Until it is done; exit with 1 where something lacks then.")
    ] = False,
) -> None:
    """Have pictures and films made anew from their originals, behind all that is fresh."""
    if bool(ids) == everything:
        raise typer.BadParameter("Name uploads or give --missing, one of them.")
    numbers, begin, reached = [upload_number(one) for one in ids or ()], upload_number(after), Reached()

    async def asked(backend: Backend, track: Track) -> Reworked:
        if everything:
            return await ask_missing(backend, track, reached, after=begin, with_objects=objects, limit=limit, anew=anew)
        return await ask_named(backend, numbers, anew=anew)

    reworked = run_long("looked at", asked, reached.said)
    for line in _said(reworked):
        typer.echo(line)
    if wait and reworked.event_ids:
        run_long("made anew", lambda backend, track: follow(backend, track, reworked), lambda: STILL_GOES_ON)
        for one in reworked.still:
            typer.echo(line_of(one))
        done = len(reworked.event_ids) - reworked.dead
        typer.echo(f"Done: {done}; given up: {reworked.dead}; still lack something: {len(reworked.still)}.")
    if not reworked.is_good:
        raise typer.Exit(1)


STILL_GOES_ON = "Interrupted: what was asked for is done all the same."


@app.command("sweep")
def sweep() -> None:
    """Remove objects of yesterday and before that belong to nothing; the relay does so too, in its own time."""
    looked, removed = run_long(
        "looked at", lambda backend, track: sweep_all(backend, lambda looked, _: track(looked, None))
    )
    typer.echo(f"Objects looked at: {looked}; of them belonged to nothing, and are gone: {removed}.")


async def listed(
    backend: Backend, track: Track, reached: Reached, *, after: int, with_objects: bool, limit: int | None
) -> tuple[int, int]:
    """Prints a line for each; how many lack something, of how many. Raises ShardUnavailable and StorageUnavailable."""
    looked, lacking = 0, 0

    def follow_on(count: int, last: int) -> None:
        nonlocal looked
        looked, reached.last = count, last
        track(count, None)

    async for one in missing(backend, after=after, with_objects=with_objects, track=follow_on):
        typer.echo(line_of(one))
        lacking += 1
        if lacking == limit:
            reached.last = one.upload_id
            typer.echo(f"There may be more: go on with --after {upload_name(one.upload_id)}.")
            break
    return lacking, max(looked, lacking)


async def ask_missing(
    backend: Backend,
    track: Track,
    reached: Reached,
    *,
    after: int,
    with_objects: bool,
    limit: int | None,
    anew: bool,
) -> Reworked:
    """Asks for ASKED_AT_ONCE of them at a time. Raises ShardUnavailable and StorageUnavailable."""
    reworked, found = Reworked(), 0
    waiting: list[int] = []

    async def ask() -> None:
        reworked.add(await ask_rework(backend, waiting, anew=anew))
        reached.last = max(waiting, default=reached.last)
        waiting.clear()

    async for one in missing(
        backend, after=after, with_objects=with_objects, track=lambda looked, _: track(looked, None)
    ):
        found += 1
        if ORIGINAL in one.names:
            reworked.hopeless.append(one)
        else:
            waiting.append(one.upload_id)
        if len(waiting) >= ASKED_AT_ONCE:
            await ask()
        if found == limit:
            break
    await ask()
    return reworked


async def ask_named(backend: Backend, upload_ids: Sequence[int], *, anew: bool) -> Reworked:
    """Raises ShardUnavailable."""
    reworked = Reworked()
    reworked.add(await ask_rework(backend, upload_ids, anew=anew))
    reworked.unknown = [one for one in upload_ids if one not in reworked.upload_ids]
    return reworked


async def follow(backend: Backend, track: Track, reworked: Reworked) -> None:
    """Until all of it is done or given up; then looks again. Raises ShardUnavailable and StorageUnavailable."""
    events: Collection[int] = reworked.event_ids
    while True:
        standing = await reworks(backend, events)
        track(standing.done + standing.dead, len(events))
        if standing.done + standing.dead >= len(events):
            break
        await asyncio.sleep(LOOK_SECONDS)
    reworked.dead = standing.dead
    reworked.still = await still_missing(backend, sorted(reworked.upload_ids))


def line_of(one: Lacking) -> str:
    """`ID  OWNER  STATUS  lacks NAME NAME`."""
    owner = encode(NodeKind.USER, one.owner_id)
    return f"{upload_name(one.upload_id)}  {owner}  {one.status}  lacks {' '.join(one.names)}"


def _said(reworked: Reworked) -> list[str]:
    lines = [f"{upload_name(one)}: There is no such upload, or nothing was made of it." for one in reworked.unknown]
    lines += [f"{upload_name(one.upload_id)}: Its original is gone." for one in reworked.hopeless]
    before = len(reworked.event_ids) - reworked.asked
    others = f"; {before} were to be already" if before else ""
    return [*lines, f"{reworked.asked} are to be made anew{others}."]


def upload_name(number: int) -> str:
    return encode(NodeKind.UPLOAD, number)


def upload_number(name: str | None) -> int:
    """0 for None. An image and a video have the number of their upload. Raises typer.BadParameter."""
    if name is None:
        return 0
    try:
        kind, number = decode(name)
    except RequestFault:
        raise typer.BadParameter(f"{name} is no id.") from None
    if kind not in KINDS:
        raise typer.BadParameter(f"{name} is the id of a {kind.name.lower()}.")
    return number
