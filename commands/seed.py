"""`cli.py seed`: the demo town, sown into a running stack."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from core.embedded.faults import StartupError
from core.embedded.stack import attached
from core.settings import Environment, Settings

NICENESS = 5
"""Who uses the API meanwhile comes first."""


def seed(
    data: Annotated[Path | None, typer.Option(help="Data folder of a running stack; .data if not given.")] = None,
) -> None:
    """Sow the demo town into the running stack: 200 people, 310 posts, ten films. Sown twice, it changes nothing."""
    given: dict[str, Any] = {"data": data} if data else {}
    settings = attached(Settings(**given))
    if settings.env is Environment.PRODUCTION:
        raise StartupError("The demo town has passwords that everybody knows: it is not sown in production.")
    os.nice(NICENESS)
    columns = (TextColumn("{task.description:>14}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        # Only now: the other commands need not wait for all that the town is made with.
        from commands.town.sowing import sow

        with (
            Progress(*columns, console=Console(stderr=True)) as progress,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            town = runner.run(sow(settings, _tracker(progress)))
    except KeyboardInterrupt:
        raise StartupError("Interrupted; `cli.py seed` goes on where it was.") from None
    print(f"The demo town has {town.people} people. Sign in as one of these:")
    for username, full_name, password in town.sign_ins:
        print(f"  username {username}   password {password}   ({full_name})")
    if not town.is_settled:
        print("Some of its notifications are still on their way: the workers are busy. See `cli.py jobs`.")


def _tracker(progress: Progress) -> Callable[[str, int], Callable[[int], None]]:
    def track(name: str, total: int) -> Callable[[int], None]:
        task = progress.add_task(name, total=total)
        return lambda done: progress.update(task, completed=done)

    return track
