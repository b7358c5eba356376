"""`cli.py feeds`: timelines held against the truth, and built anew."""

from typing import Annotated

import typer

from commands.running import Track, run_long
from core.embedded.faults import StartupError
from services.accounts.lookup import account_named
from services.backend import Backend
from services.feeds import timeline
from services.feeds.checking import Difference, Report, check
from services.feeds.rebuilding import active_viewers, rebuild

app = typer.Typer(help="Timelines of home feeds: what Redis holds for active viewers.", no_args_is_help=True)

Name = Annotated[
    str | None,
    typer.Argument(metavar="[USER]", help="The username, with or without an @ before it.", show_default=False),
]


@app.command("check")
def check_timelines(
    name: Name = None,
    *,
    everybody: Annotated[bool, typer.Option("--all", help="All timelines, as if no user is named.")] = False,
) -> None:
    """Hold timelines against PostgreSQL; exit with 1 where they differ. Nothing is changed."""
    _one_or_all(name, everybody=everybody)
    report = run_long("checked", lambda backend, track: checked(backend, name, track))
    for line in said(report):
        typer.echo(line)
    if report.differences:
        raise typer.Exit(1)


@app.command("rebuild")
def rebuild_timelines(
    name: Name = None,
    *,
    everybody: Annotated[
        bool, typer.Option("--all", help="Of all who were here lately, not only of those who have a timeline.")
    ] = False,
) -> None:
    """Build timelines anew, beside all else that goes on; exit with 1 where some could not be."""
    _one_or_all(name, everybody=everybody)
    built, wanted = run_long("rebuilt", lambda backend, track: rebuilt(backend, name, track, everybody=everybody))
    typer.echo(f"{built} of {wanted} timelines were built anew.")
    if built < wanted:
        typer.echo("The rest will be by the next read, or by another run.")
        raise typer.Exit(1)


def _one_or_all(name: str | None, *, everybody: bool) -> None:
    if name is not None and everybody:
        raise typer.BadParameter("Name a user or give --all, not both.")


async def checked(backend: Backend, name: str | None, track: Track) -> Report:
    """Raises StartupError, ShardUnavailable, RedisError or OSError."""
    return await check(backend, None if name is None else [await _named(backend, name)], track)


async def rebuilt(backend: Backend, name: str | None, track: Track, *, everybody: bool) -> tuple[int, int]:
    """How many were built, of how many. Raises as `checked`."""
    if name is not None:
        viewers = [await _named(backend, name)]
    else:
        viewers = await (active_viewers(backend) if everybody else timeline.viewers(backend))
    return await rebuild(backend, viewers, track), len(viewers)


def said(report: Report) -> list[str]:
    """A line for each timeline that differs, and what was found together."""
    lines = [_line(one) for one in report.differences]
    if report.moving:
        missing, surplus = (sum(len(getattr(one, kind)) for one in report.moving) for kind in ("missing", "surplus"))
        lines.append(f"Jobs that are not done have still to put {missing} entries in and to take {surplus} out.")
    if report.unready:
        lines.append(f"{report.unready} timelines are not there, or being built: nothing can be said of them.")
    lines.append(f"Timelines checked: {report.checked}; of them differ: {len(report.differences)}.")
    return lines


def _line(one: Difference) -> str:
    kinds = (("missing", one.missing), ("surplus", one.surplus))
    return f"viewer {one.viewer_id}: " + "; ".join(f"{kind} {' '.join(map(str, ids))}" for kind, ids in kinds if ids)


async def _named(backend: Backend, name: str) -> int:
    account = await account_named(backend, name.removeprefix("@"))
    if account is None:
        raise StartupError(f"Nobody goes by the name {name}.")
    return account.id
