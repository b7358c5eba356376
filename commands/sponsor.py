"""`cli.py sponsor`: the posts that somebody pays to have shown in ranked feeds."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from core import clock
from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.errors import RequestFault, ShardUnavailable, UserFault
from core.settings import Settings
from models.global_ids import NodeKind, decode_as, decode_shortcode, encode_shortcode
from services.backend import Backend
from services.feeds.sponsorships import Sold, all_sponsorships, end_sponsorship, sponsor_post

app = typer.Typer(help="Posts that somebody pays to have shown in ranked feeds.", no_args_is_help=True)

FORMATS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"]
DEFAULT_DAYS = 7
Result = TypeVar("Result")


@app.command("add")
def add(
    post: Annotated[str, typer.Argument(metavar="POST", help="Its shortcode, as in its link, or its id.")],
    *,
    begins: Annotated[
        datetime | None, typer.Option("--from", formats=FORMATS, help="In UTC; now, if not given.")
    ] = None,
    ends: Annotated[
        datetime | None,
        typer.Option("--until", formats=FORMATS, help=f"In UTC; {DEFAULT_DAYS} days later, if not given."),
    ] = None,
    label: Annotated[str, typer.Option(help="What says that it is paid for: at most 60 characters.")] = "Sponsored",
) -> None:
    """Show a post between others, every so many (HELIOGRAPH_SPONSORED_EVERY), with a label."""
    typer.echo(_run(lambda backend: add_sponsorship(backend, post, begins, ends, label)))


@app.command("list")
def list_all(*, ended: Annotated[bool, typer.Option("--ended", help="Those that are over, too.")] = False) -> None:
    """Show what is sponsored, the newest first."""

    async def show(backend: Backend) -> tuple[list[Sold], set[int]]:
        return await all_sponsorships(backend)

    sold, unavailable = _run(show)
    now, console = clock.now(), Console()
    console.print(table_of([one for one in sold if ended or one.ends_at > now], now))
    for node in sorted(unavailable):
        console.print(f"Node {node} does not answer: what it holds is missing above.", style="red")


@app.command("end")
def end(
    number: Annotated[int, typer.Argument(metavar="NUMBER", help="As `sponsor list` shows it.", min=1, max=2**63 - 1)],
) -> None:
    """Show it no longer, from this moment on."""
    typer.echo(_run(lambda backend: end_one(backend, number)))


async def add_sponsorship(
    backend: Backend, post: str, begins: datetime | None, ends: datetime | None, label: str
) -> str:
    """What has been done, in a sentence. Raises StartupError where it cannot be."""
    begins_at = clock.now() if begins is None else begins.replace(tzinfo=UTC)
    try:
        ends_at = begins_at + timedelta(days=DEFAULT_DAYS) if ends is None else ends.replace(tzinfo=UTC)
    except OverflowError as fault:
        raise StartupError("The calendar ends before it would: say --until when.") from fault
    if ends_at <= clock.now():
        raise StartupError("It would be over already.")
    number = post_number(post)
    sponsorship_id = await sponsor_post(backend, number, label, begins_at, ends_at)
    return f"{encode_shortcode(number)} is sponsored until {moment(ends_at)}: number {sponsorship_id}."


async def end_one(backend: Backend, number: int) -> str:
    """The same."""
    ended = await end_sponsorship(backend, number)
    return f"{number} has ended{'' if ended else ' already'}."


def post_number(post: str) -> int:
    """From a shortcode or an id. Raises StartupError for what is neither."""
    number = decode_shortcode(post)
    try:
        found = decode_as(NodeKind.POST, post) if number is None else number
    except RequestFault as fault:
        raise StartupError(f"{post} is neither the shortcode nor the id of a post.") from fault
    if found is None:
        raise StartupError(f"{post} is not the id of a post.")
    return found


def table_of(sold: list[Sold], now: datetime) -> Table:
    """Labels as they are: what looks like rich's markup in them is none."""
    table = Table("Number", "Post", "By", "Label", "From (UTC)", "Until (UTC)", "")
    for one in sold:
        state = "over" if one.ends_at <= now else "to come" if one.begins_at > now else "shown"
        table.add_row(
            str(one.id), encode_shortcode(one.post_id), one.username, Text(one.label),
            moment(one.begins_at), moment(one.ends_at), state,
        )  # fmt: skip
    return table


def moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def _run(work: Callable[[Backend], Awaitable[Result]]) -> Result:
    return asyncio.run(with_backend(attached(Settings()), work))


async def with_backend(settings: Settings, work: Callable[[Backend], Awaitable[Result]]) -> Result:
    """Raises StartupError, with a sentence, for what cannot be done, and where a node does not answer."""
    try:
        backend = await Backend.open(settings)
    except ShardUnavailable as fault:
        raise StartupError("No database node answers.") from fault
    try:
        return await work(backend)
    except UserFault as fault:
        raise StartupError(fault.message) from fault
    except ShardUnavailable as fault:
        raise StartupError(f"Node {fault.node} does not answer; run it again when it does.") from fault
    finally:
        await backend.close()
